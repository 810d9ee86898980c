import type { Family } from "./family.ts";

// biome-ignore format: a table
export const home: readonly Family[] = [
  {
    name: "duvet cover", category: "bedding", country: "PT", kwhPerKg: "9.0", packaging: "board 6", lifeYears: 9, repairability: 5,
    about: "Duvet cover with a button closure, washed before sewing so that it keeps its size.",
    makes: [
      ["cotton", 100, "cotton 99, polyester 1"],
      ["organic cotton", 122, "cotton-organic 99, polyester-recycled 1", ["GOTS"]],
      ["linen", 190, "linen 99, polyester-recycled 1", ["OEKO-TEX"]],
    ],
    sizes: [["140 × 200 cm", 5900, "1.020"], ["200 × 200 cm", 7900, "1.440"]],
  },
  {
    name: "pillow", category: "bedding", country: "DE", kwhPerKg: "5.0", packaging: "board 9", lifeYears: 6, repairability: 6,
    about: "Pillow with a zip, so that the filling can be taken out, aired and topped up.",
    makes: [
      ["recycled polyester", 100, "polyester-recycled 72, cotton-organic 28", ["GRS"]],
      ["wool", 170, "wool 60, cotton-organic 40"],
      ["natural latex", 185, "natural-rubber 80, cotton-organic 20"],
    ],
    sizes: [["40 × 60 cm", 2990, "0.640"], ["50 × 70 cm", 3690, "0.880"]],
  },
  {
    name: "blanket", category: "bedding", country: "IT", kwhPerKg: "6.5", packaging: "paper 4", lifeYears: 15, repairability: 5,
    about: "Woven blanket with a whip-stitched edge.",
    makes: [["recycled wool", 100, "wool-recycled 80, polyester-recycled 20", ["GRS"]], ["merino wool", 165, "wool 100"]],
    sizes: [["130 × 180 cm", 7900, "0.950"]],
  },
  {
    name: "towel", category: "bath-textiles", country: "TR", kwhPerKg: "9.5", packaging: "paper 3", lifeYears: 8, repairability: 3,
    about: "Terry towel of 500 g/m² with a hanging loop.",
    makes: [
      ["cotton", 100, "cotton 100"],
      ["organic cotton", 120, "cotton-organic 100", ["GOTS"]],
      ["recycled cotton", 108, "cotton-recycled 70, cotton-organic 30", ["GRS"]],
      ["linen", 150, "linen 100", ["OEKO-TEX"]],
    ],
    sizes: [["50 × 100 cm", 1290, "0.250"], ["70 × 140 cm", 2190, "0.490"], ["100 × 150 cm", 3190, "0.750"]],
  },
  {
    name: "bath mat", category: "bath-textiles", country: "IN", kwhPerKg: "8.0", packaging: "paper 3", lifeYears: 7, repairability: 2,
    about: "Heavy reversible mat that dries overnight.",
    makes: [["organic cotton", 100, "cotton-organic 100", ["GOTS"]], ["recycled cotton", 92, "cotton-recycled 80, polyester-recycled 20"], ["cork", 120, "cork 90, natural-rubber 10"]],
    sizes: [["50 × 80 cm", 2490, "0.620"]],
  },
  {
    name: "stool", category: "furniture", country: "PL", kwhPerKg: "1.1", packaging: "board 8", lifeYears: 25, repairability: 8,
    about: "Stool held by wedges instead of glue; every part can be ordered again.",
    makes: [["oak", 140, "hardwood 98, steel 2", ["FSC"]], ["pine", 100, "softwood 98, steel 2", ["FSC"]], ["reclaimed wood", 155, "wood-reclaimed 97, steel-recycled 3"]],
    sizes: [["45 cm", 6900, "4.100"], ["65 cm", 8900, "5.600"]],
  },
  {
    name: "shelf", category: "furniture", country: "SE", kwhPerKg: "0.9", packaging: "board 9", lifeYears: 20, repairability: 9,
    about: "Shelf that plugs together without tools and grows by the bay.",
    makes: [
      ["pine", 100, "softwood 97, steel 3", ["FSC"]],
      ["birch plywood", 150, "plywood 98, steel 2", ["FSC"]],
      ["fibreboard", 75, "mdf 97, steel 3"],
      ["recycled steel", 135, "steel-recycled 100"],
    ],
    sizes: [["three boards", 8900, "14.500"], ["five boards", 12900, "22.800"]],
  },
  {
    name: "desk", category: "furniture", country: "DE", kwhPerKg: "1.2", packaging: "board 9", lifeYears: 18, repairability: 8,
    about: "Desk with a frame that goes from sitting to standing by hand crank.",
    makes: [["bamboo", 110, "bamboo 100", ["FSC"]], ["oak", 140, "hardwood 100", ["FSC"]], ["fibreboard", 100, "mdf 100"]],
    sizes: [["120 × 70 cm", 34900, "15.000", "steel 16.5"], ["160 × 80 cm", 41900, "22.000", "steel 18.2"]],
  },
  {
    name: "table lamp", category: "lighting", country: "DK", kwhPerKg: "2.6", packaging: "board 14", lifeYears: 15, repairability: 8,
    about: "Lamp with an E27 socket and a cable that can be replaced; bulb not included.",
    makes: [["oak", 120, "hardwood 100", ["FSC"]], ["recycled aluminium", 110, "aluminium-recycled 100"], ["aluminium", 100, "aluminium 100"], ["cork", 115, "cork 100"]],
    sizes: [["30 cm", 5900, "0.620", "copper 0.045, polypropylene 0.060, brass 0.030"], ["45 cm", 7900, "0.980", "copper 0.055, polypropylene 0.070, brass 0.030"]],
  },
  {
    name: "LED bulb", category: "lighting", country: "PL", kwhPerKg: "4.0", packaging: "board 30", lifeYears: 12, repairability: 1,
    about: "Filament LED for E27 sockets, 25 000 hours, energy class A or B.",
    makes: [["clear", 100, "glass 78, aluminium-mix 22", ["EU energy label A"]], ["frosted", 105, "glass 80, aluminium-mix 20", ["EU energy label A"]]],
    sizes: [["4 W", 790, "0.034", "circuit-board-simple 0.008"], ["7 W", 990, "0.042", "circuit-board-simple 0.011"], ["11 W", 1290, "0.055", "circuit-board-simple 0.015"]],
  },
  {
    name: "scrubbing brush", category: "cleaning", country: "DE", kwhPerKg: "1.2", packaging: "paper 4", lifeYears: 2, repairability: 7,
    about: "Brush with plant bristles and a head that can be changed.",
    makes: [["beech", 100, "hardwood 76, jute 22, steel 2", ["FSC"]], ["bamboo", 94, "bamboo 76, jute 22, steel 2", ["FSC"]], ["recycled plastic", 80, "polypropylene-recycled 80, polyamide 20"]],
    sizes: [["dish", 590, "0.058"], ["floor", 1490, "0.310"]],
  },
  {
    name: "cleaning cloths", category: "cleaning", country: "PT", kwhPerKg: "7.0", packaging: "paper 4", lifeYears: 3, repairability: 1,
    about: "Washable cloths that replace paper towels; can be boiled.",
    makes: [["organic cotton", 110, "cotton-organic 100", ["GOTS"]], ["recycled cotton", 100, "cotton-recycled 90, cotton-organic 10"], ["microfibre", 85, "polyester 80, polyamide 20"]],
    sizes: [["set of 5", 990, "0.190"], ["set of 10", 1790, "0.380"]],
  },
];
