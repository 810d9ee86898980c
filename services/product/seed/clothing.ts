import type { Family } from "./family.ts";

// biome-ignore format: a table
export const clothing: readonly Family[] = [
  {
    name: "T-shirt", category: "tops", country: "PT", kwhPerKg: "11.0", packaging: "paper 6", lifeYears: 4, repairability: 3,
    about: "Crew neck of 180 g/m² jersey, sewn with doubled shoulder seams.",
    makes: [
      ["cotton", 100, "cotton 99, polyester 1"],
      ["organic cotton", 125, "cotton-organic 99, polyester-recycled 1", ["GOTS", "Fairtrade"]],
      ["recycled cotton", 120, "cotton-recycled 58, polyester-recycled 42", ["GRS"]],
      ["hemp", 145, "hemp 55, cotton-organic 45", ["GOTS"]],
      ["lyocell", 130, "lyocell 100", ["OEKO-TEX"]],
    ],
    sizes: [["children", 1690, "0.095"], ["adults", 2390, "0.165"]],
  },
  {
    name: "sweater", category: "tops", country: "IT", kwhPerKg: "8.5", packaging: "paper 4", lifeYears: 9, repairability: 6,
    about: "Knitted sweater with linked seams; comes with yarn for darning.",
    makes: [
      ["merino", 150, "wool 100", ["RWS"]],
      ["recycled wool", 115, "wool-recycled 80, polyester-recycled 20", ["GRS"]],
      ["organic cotton", 100, "cotton-organic 100", ["GOTS"]],
    ],
    sizes: [["light", 7900, "0.310"], ["heavy", 9900, "0.520"]],
  },
  {
    name: "socks", category: "tops", country: "CZ", kwhPerKg: "8.0", packaging: "board 8", lifeYears: 3, repairability: 4,
    about: "Three pairs with a reinforced heel.",
    makes: [["organic cotton", 100, "cotton-organic 78, polyamide 22", ["GOTS"]], ["merino", 150, "wool 68, polyamide 32", ["RWS"]]],
    sizes: [["three pairs", 1990, "0.150"]],
  },
  {
    name: "rain jacket", category: "outerwear", country: "VN", kwhPerKg: "12.0", packaging: "paper 4", lifeYears: 8, repairability: 7,
    about: "Three-layer jacket without fluorine finish; zips and cuffs can be replaced.",
    makes: [["recycled polyester", 112, "polyester-recycled 92, polyamide 8", ["GRS", "bluesign"]], ["polyester", 100, "polyester 92, polyamide 8"], ["polyamide", 120, "polyamide 100", ["bluesign"]]],
    sizes: [["children", 8900, "0.290"], ["adults", 14900, "0.460"]],
  },
  {
    name: "winter jacket", category: "outerwear", country: "CN", kwhPerKg: "12.0", packaging: "paper 4", lifeYears: 10, repairability: 6,
    about: "Quilted jacket with a hood that comes off.",
    makes: [["recycled polyester", 100, "polyester-recycled 94, polyamide 6", ["GRS"]], ["wool-filled", 135, "wool 42, polyester-recycled 58", ["RWS"]], ["waxed cotton", 128, "cotton-organic 100", ["GOTS"]]],
    sizes: [["children", 11900, "0.620"], ["adults", 18900, "0.980"]],
  },
  {
    name: "vest", category: "outerwear", country: "PT", kwhPerKg: "10.0", packaging: "paper 4", lifeYears: 9, repairability: 6,
    about: "Vest for the days in between, with two pockets.",
    makes: [["recycled wool", 110, "wool-recycled 75, polyester-recycled 25", ["GRS"]], ["recycled fleece", 100, "polyester-recycled 100", ["GRS"]]],
    sizes: [["adults", 7900, "0.340"]],
  },
  {
    name: "tote bag", category: "bags", country: "IN", kwhPerKg: "7.5", packaging: "paper 2", lifeYears: 5, repairability: 5,
    about: "Shopping bag that carries fifteen kilograms and folds into its pocket.",
    makes: [["organic cotton", 100, "cotton-organic 100", ["GOTS", "Fairtrade"]], ["recycled cotton", 96, "cotton-recycled 80, polyester-recycled 20"], ["jute", 90, "jute 92, cotton-organic 8"], ["hemp", 130, "hemp 100"]],
    sizes: [["15 l", 1190, "0.140"], ["25 l", 1590, "0.210"]],
  },
  {
    name: "backpack", category: "bags", country: "VN", kwhPerKg: "9.0", packaging: "board 6", lifeYears: 12, repairability: 8,
    about: "Backpack with a sleeve for a 15 inch computer, lifelong repair included.",
    makes: [
      ["recycled polyester", 100, "polyester-recycled 82, aluminium-mix 6, foam-pu 12", ["GRS", "bluesign"]],
      ["waxed canvas", 135, "cotton-organic 86, brass 4, foam-pu 10", ["GOTS"]],
      ["polyamide", 115, "polyamide 82, aluminium-mix 6, foam-pu 12", ["bluesign"]],
    ],
    sizes: [["18 l", 8900, "0.680"], ["26 l", 10900, "0.920"]],
  },
];
