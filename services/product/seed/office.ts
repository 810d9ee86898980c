import type { Family } from "./family.ts";

// biome-ignore format: a table
export const office: readonly Family[] = [
  {
    name: "notebook", category: "stationery", country: "AT", kwhPerKg: "0.8", packaging: "paper 1", lifeYears: 1, repairability: 0,
    about: "Thread-stitched notebook that lies flat.",
    makes: [["recycled paper", 100, "paper-recycled 100", ["Blauer Engel", "FSC"]], ["fresh paper", 105, "paper 100", ["FSC"]], ["cork-bound", 140, "paper-recycled 90, cork 10", ["FSC"]]],
    sizes: [["A6", 690, "0.110"], ["A5", 990, "0.230"], ["A4", 1490, "0.460"]],
  },
  {
    name: "copy paper", category: "stationery", country: "FI", kwhPerKg: "0.3", packaging: "paper 2", lifeYears: 1, repairability: 0,
    about: "500 sheets of 80 g/m².",
    makes: [["recycled", 108, "paper-recycled 100", ["Blauer Engel", "EU Ecolabel"]], ["fresh fibre", 100, "paper 100", ["FSC", "EU Ecolabel"]]],
    sizes: [["A4", 690, "2.500"], ["A3", 1390, "5.000"]],
  },
  {
    name: "pencils", category: "stationery", country: "CZ", kwhPerKg: "1.5", packaging: "board 20", lifeYears: 1, repairability: 0,
    about: "Unvarnished graphite pencils, HB.",
    makes: [["lime wood", 100, "hardwood 86, stoneware 14", ["FSC"]]],
    sizes: [["box of 6", 490, "0.032"], ["box of 12", 890, "0.064"]],
  },
  {
    name: "fountain pen", category: "stationery", country: "DE", kwhPerKg: "6.0", packaging: "board 60", lifeYears: 20, repairability: 9,
    about: "Refillable pen with a steel nib and a piston.",
    makes: [["brass", 140, "brass 88, stainless-steel 4, abs 8"], ["recycled plastic", 100, "polypropylene-recycled 92, stainless-steel 8"]],
    sizes: [["medium nib", 3490, "0.028"]],
  },
  {
    name: "power bank", category: "power", country: "CN", kwhPerKg: "6.0", packaging: "board 16", lifeYears: 5, repairability: 6,
    about: "USB-C power bank with cells that can be replaced by four screws.",
    makes: [["aluminium", 108, "aluminium-mix 100"], ["recycled plastic", 100, "polypropylene-recycled 100", ["GRS"]]],
    sizes: [["5 000 mAh", 2990, "0.038", "lithium-cell 0.072, circuit-board 0.008"], ["10 000 mAh", 3990, "0.055", "lithium-cell 0.142, circuit-board 0.010"], ["20 000 mAh", 5490, "0.084", "lithium-cell 0.284, circuit-board 0.012"]],
  },
  {
    name: "solar charger", category: "power", country: "CN", kwhPerKg: "5.0", packaging: "board 10", lifeYears: 10, repairability: 4,
    about: "Folding panel for travel, with USB-C; no battery inside.",
    makes: [["recycled polyester", 105, "polyester-recycled 100", ["GRS"]], ["polyester", 100, "polyester 100"]],
    sizes: [["10 W", 5900, "0.180", "solar-laminate 0.21, circuit-board 0.010"], ["21 W", 8900, "0.290", "solar-laminate 0.42, circuit-board 0.012"], ["28 W", 10900, "0.340", "solar-laminate 0.56, circuit-board 0.014"]],
  },
  {
    name: "charging cable", category: "power", country: "CN", kwhPerKg: "3.0", packaging: "board 15", lifeYears: 6, repairability: 1,
    about: "Braided USB-C cable, rated for 60 W.",
    makes: [["recycled", 110, "copper 48, polyester-recycled 30, polypropylene-recycled 22", ["GRS"]], ["standard", 100, "copper 48, polyester 30, polypropylene 22"]],
    sizes: [["1 m", 1290, "0.034", "circuit-board-simple 0.002"], ["2 m", 1590, "0.058", "circuit-board-simple 0.002"]],
  },
];
