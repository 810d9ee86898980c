import type { Family } from "./family.ts";

// biome-ignore format: a table
export const living: readonly Family[] = [
  {
    name: "toothbrush", category: "personal-care", country: "DE", kwhPerKg: "3.0", packaging: "board 30", lifeYears: 1, repairability: 1,
    about: "Toothbrush with medium bristles.",
    makes: [["bamboo", 110, "bamboo 94, polyamide 6", ["FSC"]], ["bio-plastic", 105, "pla 94, polyamide 6"], ["recycled plastic", 100, "polypropylene-recycled 92, polyamide 8"]],
    sizes: [["single", 390, "0.012"], ["pack of four", 1290, "0.048"]],
  },
  {
    name: "safety razor", category: "personal-care", country: "DE", kwhPerKg: "5.0", packaging: "board 35", lifeYears: 25, repairability: 9,
    about: "Razor for standard double-edged blades; ten blades included.",
    makes: [["brass", 110, "brass 100"], ["stainless steel", 125, "stainless-steel 100"], ["recycled steel", 135, "stainless-steel-recycled 100"]],
    sizes: [["short handle", 3490, "0.078", "stainless-steel 0.008"], ["long handle", 3990, "0.096", "stainless-steel 0.008"]],
  },
  {
    name: "make-up pads", category: "personal-care", country: "PT", kwhPerKg: "8.0", packaging: "board 15", lifeYears: 3, repairability: 0,
    about: "Washable pads with a laundry net.",
    makes: [["organic cotton", 100, "cotton-organic 100", ["GOTS"]], ["lyocell", 108, "lyocell 100", ["OEKO-TEX"]]],
    sizes: [["set of 10", 1190, "0.052"]],
  },
  {
    name: "building blocks", category: "toys", country: "CZ", kwhPerKg: "1.3", packaging: "board 12", lifeYears: 15, repairability: 4,
    about: "Blocks in eight shapes, coloured with water-based stain, for children from one year.",
    makes: [["beech", 100, "hardwood 100", ["FSC"]], ["cork", 125, "cork 100"], ["bio-plastic", 80, "pla 100"], ["recycled plastic", 72, "polypropylene-recycled 100"]],
    sizes: [["30 pieces", 2490, "1.050"], ["60 pieces", 4290, "2.100"]],
  },
  {
    name: "toy truck", category: "toys", country: "PL", kwhPerKg: "1.5", packaging: "board 14", lifeYears: 10, repairability: 6,
    about: "Truck with a bed that tips and wheels that can be replaced.",
    makes: [["beech", 120, "hardwood 96, steel 4", ["FSC"]], ["recycled plastic", 85, "hdpe-recycled 96, steel 4"]],
    sizes: [["20 cm", 1990, "0.360"], ["35 cm", 2990, "0.740"]],
  },
  {
    name: "soft bear", category: "toys", country: "DE", kwhPerKg: "7.0", packaging: "paper 5", lifeYears: 12, repairability: 5,
    about: "Bear that may be washed and mended.",
    makes: [["organic cotton", 100, "cotton-organic 70, wool-recycled 30", ["GOTS"]], ["recycled polyester", 82, "polyester-recycled 100", ["GRS"]]],
    sizes: [["25 cm", 2690, "0.160"], ["40 cm", 3990, "0.340"]],
  },
  {
    name: "olive oil", category: "pantry", country: "ES", kwhPerKg: "0.2", packaging: "glass 62, board 6", lifeYears: 1, repairability: 0,
    about: "Extra virgin, cold pressed from one harvest.",
    makes: [["organic", 125, "olive-oil 100", ["EU Organic"]], ["single-estate", 100, "olive-oil 100"]],
    sizes: [["0.5 l", 990, "0.458"], ["1 l", 1690, "0.916"]],
  },
  {
    name: "coffee", category: "pantry", country: "IT", kwhPerKg: "0.9", packaging: "paper 4", lifeYears: 1, repairability: 0,
    about: "Arabica from cooperatives, roasted in small drums.",
    makes: [["organic", 120, "coffee 100", ["EU Organic", "Fairtrade"]], ["house", 100, "coffee 100", ["Rainforest Alliance"]]],
    sizes: [["250 g", 690, "0.250"], ["1 kg", 2190, "1.000"]],
  },
  {
    name: "chocolate", category: "pantry", country: "AT", kwhPerKg: "1.4", packaging: "paper 7", lifeYears: 1, repairability: 0,
    about: "Dark chocolate of 70 % cocoa.",
    makes: [["organic", 100, "chocolate 100", ["EU Organic", "Fairtrade"]]],
    sizes: [["100 g", 390, "0.100"]],
  },
  {
    name: "", category: "pantry", country: "FR", kwhPerKg: "0.2", packaging: "paper 3", lifeYears: 1, repairability: 0,
    about: "Cleaned and packed by the mill, in paper.",
    makes: [
      ["lentils", 120, "pulses 100", ["EU Organic"]],
      ["split peas", 100, "peas 100", ["EU Organic"]],
      ["rice", 130, "rice 100"],
      ["oats", 95, "oats 100", ["EU Organic"]],
      ["spelt grain", 110, "wheat 100", ["EU Organic"]],
      ["hazelnuts", 480, "nuts 100"],
    ],
    sizes: [["500 g", 250, "0.500"], ["1 kg", 450, "1.000"]],
  },
];
