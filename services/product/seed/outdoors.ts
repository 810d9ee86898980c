import type { Family } from "./family.ts";

// biome-ignore format: a table
export const outdoors: readonly Family[] = [
  {
    name: "city bicycle", category: "cycling", country: "PT", kwhPerKg: "2.8", packaging: "board 14", lifeYears: 15, repairability: 9,
    about: "Upright bicycle with hub gears, mudguards and a rack; every part is standard.",
    makes: [["steel", 100, "steel 100"], ["recycled steel", 112, "steel-recycled 100"], ["aluminium", 108, "aluminium 100"], ["recycled aluminium", 122, "aluminium-recycled 100"]],
    sizes: [["one gear", 64900, "8.400", "rubber 1.9, steel 2.6, foam-pu 0.35"], ["eight gears", 89900, "8.600", "rubber 1.9, steel 4.1, foam-pu 0.35"]],
  },
  {
    name: "pannier", category: "cycling", country: "DE", kwhPerKg: "6.0", packaging: "board 7", lifeYears: 10, repairability: 8,
    about: "Waterproof bag with hooks that can be replaced, sold singly.",
    makes: [["recycled PET", 100, "polyester-recycled 80, polypropylene-recycled 20", ["GRS"]], ["waxed canvas", 125, "cotton-organic 84, aluminium-mix 16"]],
    sizes: [["15 l", 5900, "0.640"], ["22 l", 7400, "0.830"]],
  },
  {
    name: "bicycle light", category: "cycling", country: "CZ", kwhPerKg: "5.0", packaging: "board 20", lifeYears: 7, repairability: 5,
    about: "USB-C light with a battery that can be changed.",
    makes: [["aluminium", 110, "aluminium-mix 100"], ["recycled plastic", 100, "polypropylene-recycled 100"]],
    sizes: [["front, 60 lux", 3990, "0.062", "lithium-cell 0.048, circuit-board 0.009"], ["rear", 2490, "0.030", "lithium-cell 0.020, circuit-board 0.006"]],
  },
  {
    name: "tent", category: "camping", country: "VN", kwhPerKg: "10.0", packaging: "paper 3", lifeYears: 12, repairability: 7,
    about: "Double-wall tent with aluminium poles; poles and fly can be bought again.",
    makes: [["recycled polyester", 100, "polyester-recycled 100", ["GRS", "bluesign"]], ["polyamide", 130, "polyamide 100", ["bluesign"]]],
    sizes: [["one person", 19900, "1.050", "aluminium-mix 0.42"], ["two people", 27900, "1.580", "aluminium-mix 0.56"], ["four people", 42900, "3.400", "aluminium-mix 1.35"]],
  },
  {
    name: "sleeping mat", category: "camping", country: "DE", kwhPerKg: "4.0", packaging: "board 5", lifeYears: 8, repairability: 5,
    about: "Mat that insulates down to zero degrees.",
    makes: [["foam", 100, "foam-pu 88, polyester 12"], ["cork", 130, "cork 82, natural-rubber 18"], ["recycled foam", 110, "hdpe-recycled 90, polyester-recycled 10"]],
    sizes: [["183 cm", 4900, "0.480"]],
  },
  {
    name: "camping stove", category: "camping", country: "SE", kwhPerKg: "3.4", packaging: "board 12", lifeYears: 20, repairability: 8,
    about: "Spirit stove with windshield and two pots that nest.",
    makes: [["aluminium", 100, "aluminium-mix 94, brass 6"], ["steel", 118, "stainless-steel-recycled 94, brass 6"]],
    sizes: [["for two", 7900, "0.860"], ["for four", 9900, "1.240"]],
  },
  {
    name: "planter", category: "garden", country: "IT", kwhPerKg: "1.2", packaging: "board 6", lifeYears: 12, repairability: 1,
    about: "Planter with a water reservoir, frost-proof.",
    makes: [["terracotta", 100, "stoneware 100"], ["recycled plastic", 80, "polypropylene-recycled 100", ["Blauer Engel"]], ["larch", 130, "softwood 96, steel 4", ["FSC"]]],
    sizes: [["30 cm", 2490, "3.100"], ["50 cm", 4490, "6.800"]],
  },
  {
    name: "hand trowel", category: "garden", country: "GB", kwhPerKg: "2.5", packaging: "board 4", lifeYears: 20, repairability: 8,
    about: "Forged trowel with an ash handle that can be exchanged.",
    makes: [["stainless steel", 120, "stainless-steel 100"], ["recycled steel", 100, "steel-recycled 100"]],
    sizes: [["narrow", 1690, "0.170", "hardwood 0.085"], ["wide", 1890, "0.240", "hardwood 0.085"]],
  },
  {
    name: "watering can", category: "garden", country: "DE", kwhPerKg: "1.9", packaging: "paper 2", lifeYears: 15, repairability: 4,
    about: "Can with a brass rose and a long spout.",
    makes: [["steel", 125, "steel 96, brass 4"], ["recycled plastic", 75, "hdpe-recycled 100", ["Blauer Engel"]]],
    sizes: [["5 l", 3290, "0.980"], ["9 l", 3990, "1.420"]],
  },
];
