/** Departments and the categories in them: slug, name. Order is the order of the shop. */
// biome-ignore format: a table
export const departments = [
  { slug: "kitchen", name: "Kitchen", categories: [
    ["drinkware", "Bottles and cups"], ["cookware", "Cookware"], ["tableware", "Tableware"],
    ["food-storage", "Food storage"],
  ] },
  { slug: "home", name: "Home", categories: [
    ["bedding", "Bedding"], ["bath-textiles", "Bath textiles"], ["furniture", "Furniture"],
    ["lighting", "Lighting"], ["cleaning", "Cleaning"],
  ] },
  { slug: "clothing", name: "Clothing", categories: [
    ["tops", "Shirts and sweaters"], ["outerwear", "Jackets"], ["bags", "Bags"],
  ] },
  { slug: "outdoors", name: "Outdoors", categories: [
    ["cycling", "Cycling"], ["camping", "Camping"], ["garden", "Garden"],
  ] },
  { slug: "office", name: "Office and technology", categories: [
    ["stationery", "Stationery"], ["power", "Chargers and power"],
  ] },
  { slug: "living", name: "Everyday living", categories: [
    ["personal-care", "Personal care"], ["toys", "Toys"], ["pantry", "Pantry"],
  ] },
] as const;
