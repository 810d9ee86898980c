import type { Family } from "./family.ts";

// biome-ignore format: a table
export const kitchen: readonly Family[] = [
  {
    name: "bottle", category: "drinkware", country: "PT", kwhPerKg: "2.1", packaging: "board 12", lifeYears: 12, repairability: 6,
    about: "Single-wall drinking bottle with a screw cap and a spare seal; dishwasher safe.",
    makes: [
      ["stainless steel", 100, "stainless-steel 100"],
      ["recycled steel", 118, "stainless-steel-recycled 100", ["GRS"]],
      ["aluminium", 92, "aluminium-mix 100"],
    ],
    sizes: [
      ["350 ml", 1690, "0.128", "polypropylene 0.026, silicone 0.003"],
      ["500 ml", 1990, "0.162", "polypropylene 0.028, silicone 0.003"],
      ["750 ml", 2390, "0.205", "polypropylene 0.028, silicone 0.003"],
      ["1 l", 2690, "0.252", "polypropylene 0.031, silicone 0.004"],
    ],
  },
  {
    name: "insulated cup", category: "drinkware", country: "DE", kwhPerKg: "3.0", packaging: "board 14", lifeYears: 8, repairability: 5,
    about: "Double-wall cup that keeps coffee hot for four hours; the lid comes apart for cleaning.",
    makes: [["stainless steel", 100, "stainless-steel 100"], ["recycled steel", 115, "stainless-steel-recycled 100", ["GRS"]]],
    sizes: [
      ["250 ml", 2290, "0.185", "polypropylene 0.034, silicone 0.005"],
      ["400 ml", 2690, "0.236", "polypropylene 0.038, silicone 0.006"],
    ],
  },
  {
    name: "tumbler", category: "drinkware", country: "IT", kwhPerKg: "0.6", packaging: "board 18", lifeYears: 5, repairability: 0,
    about: "Pressed drinking glass that stacks and survives the dishwasher.",
    makes: [["glass", 100, "glass 100"], ["recycled glass", 110, "glass-recycled 100"]],
    sizes: [["200 ml", 390, "0.170"], ["300 ml", 450, "0.240"]],
  },
  {
    name: "skillet", category: "cookware", country: "SE", kwhPerKg: "1.6", packaging: "board 7", lifeYears: 30, repairability: 7,
    about: "Uncoated pan that is seasoned with oil and gets better with years; works on induction.",
    makes: [["cast iron", 100, "cast-iron 100"], ["steel", 105, "steel 100"], ["recycled steel", 119, "steel-recycled 100"]],
    sizes: [["20 cm", 3900, "1.450", "hardwood 0.090"], ["24 cm", 4900, "2.050", "hardwood 0.110"], ["28 cm", 5900, "2.700", "hardwood 0.130"]],
  },
  {
    name: "saucepan", category: "cookware", country: "FR", kwhPerKg: "2.4", packaging: "board 10", lifeYears: 20, repairability: 6,
    about: "Pan with an aluminium core in its base, riveted handle and glass lid.",
    makes: [
      ["stainless steel", 100, "stainless-steel 84, aluminium-mix 16"],
      ["recycled steel", 116, "stainless-steel-recycled 86, aluminium-recycled 14", ["GRS"]],
    ],
    sizes: [["1.5 l", 4490, "0.820", "glass 0.260"], ["3 l", 5990, "1.240", "glass 0.380"]],
  },
  {
    name: "cooking spoon", category: "cookware", country: "PL", kwhPerKg: "0.9", packaging: "paper 6", lifeYears: 6, repairability: 2,
    about: "Long-handled spoon that is kind to pans, oiled with linseed.",
    makes: [["beech", 100, "hardwood 100", ["FSC"]], ["bamboo", 90, "bamboo 100", ["FSC"]], ["stainless steel", 160, "stainless-steel 100"]],
    sizes: [["30 cm", 690, "0.062"]],
  },
  {
    name: "dinner plate", category: "tableware", country: "PT", kwhPerKg: "1.9", packaging: "board 15", lifeYears: 12, repairability: 0,
    about: "Everyday plate with a reactive glaze, safe in microwave and dishwasher.",
    makes: [["stoneware", 100, "stoneware 100"], ["porcelain", 130, "porcelain 100"], ["recycled glass", 110, "glass-recycled 100"]],
    sizes: [["21 cm", 990, "0.480"], ["27 cm", 1390, "0.790"]],
  },
  {
    name: "bowl", category: "tableware", country: "PT", kwhPerKg: "1.9", packaging: "board 15", lifeYears: 12, repairability: 0,
    about: "Deep bowl for soup, grain and salad; stacks in sets of six.",
    makes: [["stoneware", 100, "stoneware 100"], ["porcelain", 130, "porcelain 100"], ["bamboo", 95, "bamboo 100", ["FSC"]]],
    sizes: [["15 cm", 890, "0.340"], ["20 cm", 1290, "0.560"]],
  },
  {
    name: "cutlery set", category: "tableware", country: "DE", kwhPerKg: "3.2", packaging: "board 12", lifeYears: 30, repairability: 3,
    about: "Knives, forks and spoons of 18/10 steel with a satin finish.",
    makes: [["stainless steel", 100, "stainless-steel 100"], ["recycled steel", 114, "stainless-steel-recycled 100", ["GRS"]]],
    sizes: [["for four", 5900, "0.860"], ["for six", 8400, "1.290"]],
  },
  {
    name: "storage jar", category: "food-storage", country: "IT", kwhPerKg: "0.6", packaging: "board 14", lifeYears: 10, repairability: 7,
    about: "Jar with a swing lid and a rubber ring that can be bought again.",
    makes: [["glass", 100, "glass 100"], ["recycled glass", 110, "glass-recycled 100"]],
    sizes: [
      ["0.5 l", 590, "0.430", "natural-rubber 0.006, stainless-steel 0.022"],
      ["1 l", 790, "0.610", "natural-rubber 0.007, stainless-steel 0.026"],
      ["2 l", 1090, "0.940", "natural-rubber 0.009, stainless-steel 0.030"],
    ],
  },
  {
    name: "lunch box", category: "food-storage", country: "DE", kwhPerKg: "2.2", packaging: "board 10", lifeYears: 9, repairability: 5,
    about: "Leakproof box with a divider that can be moved.",
    makes: [
      ["stainless steel", 140, "stainless-steel 94, silicone 6"],
      ["recycled steel", 160, "stainless-steel-recycled 94, silicone 6", ["GRS"]],
      ["bio-plastic", 85, "pla 100"],
      ["recycled plastic", 80, "polypropylene-recycled 100"],
    ],
    sizes: [["0.8 l", 1990, "0.290"], ["1.4 l", 2490, "0.420"]],
  },
  {
    name: "bread bag", category: "food-storage", country: "TR", kwhPerKg: "7.5", packaging: "paper 5", lifeYears: 5, repairability: 6,
    about: "Bag that keeps a loaf fresh for three days without plastic.",
    makes: [["linen", 115, "linen 100", ["OEKO-TEX"]], ["organic cotton", 100, "cotton-organic 100", ["GOTS"]]],
    sizes: [["30 × 40 cm", 1290, "0.085"]],
  },
];
