import type { FactorSourceKey, Verification } from "./factor-sources.ts";

/**
 * Cradle-to-gate factor of one kilogram of a material. Figures are rounded as their sources publish them,
 * without biogenic uptake, which is derived from `biogenicCarbon` (kg C per kg, x 44/12) and kept apart.
 */
export interface Material {
  readonly name: string;
  readonly kgCO2ePerKg: string;
  readonly fossilCarbon: string;
  readonly biogenicCarbon: string;
  /** Percent by mass that comes from waste, and from what grows again. */
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly source: FactorSourceKey;
  /** Half width of the 95 % interval in percent: our judgement of spread and fit, not the source's. */
  readonly uncertaintyPercent: number;
  readonly verification: Verification;
}

type Row = readonly [
  name: string,
  kgCO2ePerKg: string,
  fossilCarbon: string,
  biogenicCarbon: string,
  recycledPercent: number,
  renewablePercent: number,
  source: FactorSourceKey,
  uncertaintyPercent: number,
  verification: Verification,
];

// biome-ignore format: a table
const rows = {
  // metals
  "stainless-steel":         ["stainless steel",               "6.15",  "0",     "0",    37,  0,   "ice2",            30,  "compared"],
  "stainless-steel-recycled":["recycled stainless steel",      "1.90",  "0",     "0",    94,  0,   "outokumpu",       50,  "unverified"],
  "steel":                   ["cold rolled steel",             "2.74",  "0",     "0",    0,   0,   "ice2",            20,  "compared"],
  "steel-recycled":          ["recycled steel",                "0.72",  "0",     "0",    95,  0,   "ice2",            30,  "compared"],
  "cast-iron":               ["cast iron",                     "2.03",  "0.03",  "0",    40,  0,   "ice2",            30,  "compared"],
  "aluminium":               ["primary aluminium",             "15.10", "0",     "0",    0,   0,   "iai",             15,  "secondary"],
  "aluminium-mix":           ["aluminium, world mix",          "9.16",  "0",     "0",    33,  0,   "ice2",            30,  "compared"],
  "aluminium-recycled":      ["recycled aluminium",            "0.995", "0",     "0",    98,  0,   "desnz2025",       40,  "compared"],
  "copper":                  ["copper",                        "2.71",  "0",     "0",    37,  0,   "ice2",            30,  "compared"],
  "brass":                   ["brass",                         "2.64",  "0",     "0",    60,  0,   "ice2",            35,  "compared"],
  // minerals
  "glass":                   ["glass",                         "1.403", "0",     "0",    0,   0,   "desnz2025",       20,  "compared"],
  "glass-recycled":          ["recycled glass",                "0.823", "0",     "0",    90,  0,   "desnz2025",       20,  "compared"],
  "stoneware":               ["stoneware",                     "0.70",  "0",     "0",    0,   0,   "ice2",            35,  "compared"],
  "porcelain":               ["vitrified ceramic",             "1.61",  "0",     "0",    0,   0,   "ice2",            35,  "compared"],
  // wood and other plants
  "softwood":                ["sawn softwood",                 "0.263", "0",     "0.42", 0,   100, "ice3",            25,  "secondary"],
  "hardwood":                ["sawn hardwood",                 "0.270", "0",     "0.43", 0,   100, "desnz2025",       35,  "compared"],
  "plywood":                 ["plywood",                       "0.681", "0.03",  "0.40", 0,   92,  "ice3",            45,  "unverified"],
  "mdf":                     ["medium density fibreboard",     "0.856", "0.05",  "0.38", 20,  68,  "ice3",            60,  "unverified"],
  "wood-reclaimed":          ["reclaimed wood",                "0.039", "0",     "0.43", 100, 0,   "desnz2025",       70,  "compared"],
  "bamboo":                  ["laminated bamboo",              "1.00",  "0.02",  "0.45", 0,   96,  "inbar",           60,  "unverified"],
  // carbon dioxide only
  "cork":                    ["cork",                          "0.19",  "0",     "0.54", 0,   100, "ice2",            40,  "compared"],
  // smoked sheet from plantations older than 60 years; 13 to 21 where forest was cleared for them
  "natural-rubber":          ["natural rubber",                "0.64",  "0",     "0.85", 0,   97,  "jawjit",          40,  "compared"],
  "paper":                   ["paper",                         "1.345", "0",     "0.40", 0,   100, "desnz2025",       20,  "compared"],
  "paper-recycled":          ["recycled paper",                "1.050", "0",     "0.40", 100, 0,   "desnz2025",       20,  "compared"],
  // 70 % closed loop (1.098) and 30 % primary (1.200)
  "board":                   ["corrugated board",              "1.129", "0",     "0.40", 70,  30,  "desnz2025",       20,  "compared"],
  // fibres, before spinning and weaving: that energy is in the manufacturing line
  "cotton":                  ["cotton",                        "1.81",  "0",     "0.42", 0,   100, "textileExchange", 65,  "secondary"],
  "cotton-organic":          ["organic cotton",                "0.98",  "0",     "0.42", 0,   100, "textileExchange", 115, "secondary"],
  // 0.1 to 0.9, measured on wool torn back to fibres; cotton is torn in the same way
  "cotton-recycled":         ["recycled cotton",               "0.50",  "0",     "0.42", 100, 0,   "bianco",          90,  "secondary"],
  "linen":                   ["linen",                         "0.90",  "0",     "0.42", 0,   100, "nova",            45,  "secondary"],
  "hemp":                    ["hemp",                          "0.84",  "0",     "0.42", 0,   100, "nova",            45,  "secondary"],
  "jute":                    ["jute",                          "0.97",  "0",     "0.42", 0,   100, "nova",            50,  "secondary"],
  // emissions of the process; the 1.1 that is often quoted has the uptake taken off
  "lyocell":                 ["lyocell",                       "2.50",  "0",     "0.42", 0,   100, "shenPatel",       40,  "secondary"],
  // per kg of greasy wool, so it is low for a garment of clean wool
  "wool":                    ["merino wool",                   "21.30", "0",     "0.50", 0,   100, "wiedemann",       60,  "compared"],
  "wool-recycled":           ["recycled wool",                 "0.50",  "0",     "0.50", 100, 0,   "bianco",          80,  "compared"],
  "polyester":               ["polyester",                     "4.06",  "0.625", "0",    0,   0,   "shen2010",        45,  "secondary"],
  "polyester-recycled":      ["recycled polyester",            "0.96",  "0.625", "0",    100, 0,   "shen2010",        100, "secondary"],
  "polyamide":               ["polyamide",                     "9.14",  "0.64",  "0",    0,   0,   "ice2",            30,  "compared"],
  // polymers
  "polypropylene":           ["polypropylene",                 "2.00",  "0.857", "0",    0,   0,   "ecoProfiles",     25,  "secondary"],
  "polypropylene-recycled":  ["recycled polypropylene",        "0.53",  "0.857", "0",    100, 0,   "franklin",        60,  "secondary"],
  "hdpe":                    ["polyethylene",                  "1.93",  "0.857", "0",    0,   0,   "ice2",            20,  "compared"],
  "hdpe-recycled":           ["recycled polyethylene",         "0.56",  "0.857", "0",    100, 0,   "franklin",        60,  "secondary"],
  "ldpe":                    ["low density polyethylene",      "2.08",  "0.857", "0",    0,   0,   "ice2",            20,  "compared"],
  "pet":                     ["PET",                           "3.40",  "0.625", "0",    0,   0,   "ecoProfiles",     40,  "secondary"],
  "pet-recycled":            ["recycled PET",                  "0.91",  "0.625", "0",    100, 0,   "franklin",        60,  "secondary"],
  "abs":                     ["ABS",                           "3.76",  "0.85",  "0",    0,   0,   "ice2",            25,  "compared"],
  "pla":                     ["PLA",                           "2.45",  "0",     "0.50", 0,   98,  "vinkDavies",      50,  "unverified"],
  "silicone":                ["silicone",                      "5.79",  "0.32",  "0",    0,   0,   "kunz",            25,  "compared"],
  "rubber":                  ["synthetic rubber",              "2.85",  "0.88",  "0",    0,   0,   "ice2",            45,  "compared"],
  "foam-pu":                 ["polyurethane foam",             "4.84",  "0.62",  "0",    0,   0,   "ice2",            40,  "compared"],
  // electrical
  "circuit-board":           ["circuit board, active parts",   "185",   "0.15",  "0",    0,   0,   "jema",            80,  "unverified"],
  "circuit-board-simple":    ["circuit board, passive parts",  "30",    "0.20",  "0",    0,   0,   "jema",            80,  "unverified"],
  "lithium-cell":            ["lithium-ion cell",              "6.31",  "0.20",  "0",    0,   0,   "desnz2025",       45,  "compared"],
  // from 810 kg per kWp (glass and backsheet, made in China) at about 55 kg per kWp
  "solar-laminate":          ["solar cell laminate",           "15.00", "0.10",  "0",    0,   0,   "mueller",         50,  "secondary"],
  // food, farm to shop: wider than cradle to gate, so on the safe side
  "coffee":                  ["roasted coffee",                "28.53", "0",     "0.45", 0,   100, "poore",           60,  "compared"],
  "chocolate":               ["dark chocolate",                "46.65", "0",     "0.50", 0,   100, "poore",           70,  "compared"],
  "olive-oil":               ["olive oil",                     "5.70",  "0",     "0.77", 0,   100, "poore",           40,  "compared"],
  "rice":                    ["rice",                          "4.45",  "0",     "0.38", 0,   100, "poore",           45,  "compared"],
  "wheat":                   ["wheat",                         "1.57",  "0",     "0.38", 0,   100, "poore",           35,  "compared"],
  "oats":                    ["oats",                          "2.48",  "0",     "0.39", 0,   100, "poore",           50,  "secondary"],
  "pulses":                  ["pulses",                        "1.79",  "0",     "0.38", 0,   100, "poore",           50,  "secondary"],
  "peas":                    ["peas",                          "0.98",  "0",     "0.38", 0,   100, "poore",           40,  "compared"],
  "nuts":                    ["tree nuts",                     "0.43",  "0",     "0.55", 0,   100, "poore",           80,  "compared"],
} as const satisfies Record<string, Row>;

export type MaterialKey = keyof typeof rows;

const toMaterial = ([name, kgCO2ePerKg, fossilCarbon, biogenicCarbon, recycledPercent, ...rest]: Row) => {
  const [renewablePercent, source, uncertaintyPercent, verification] = rest;
  const material: Material = {
    name,
    kgCO2ePerKg,
    fossilCarbon,
    biogenicCarbon,
    recycledPercent,
    renewablePercent,
    source,
    uncertaintyPercent,
    verification,
  };
  return material;
};

/** Every material that a product may be made of or packed in, by its key. */
export const materials: ReadonlyMap<string, Material> = new Map(
  Object.entries(rows).map(([key, row]) => [key, toMaterial(row)]),
);

/**
 * Life-cycle intensity of a country's electricity in kg CO2e per kWh generated (Ember, year 2023, rounded).
 * Losses between power station and plug are not in it.
 */
// biome-ignore format: a table
export const gridIntensity: ReadonlyMap<string, string> = new Map([
  ["AT", "0.111"], ["BD", "0.691"], ["CN", "0.584"], ["CZ", "0.450"], ["DE", "0.381"], ["DK", "0.152"],
  ["ES", "0.174"], ["FI", "0.079"], ["FR", "0.056"], ["GB", "0.228"], ["IN", "0.713"], ["IT", "0.331"],
  ["NO", "0.030"], ["PL", "0.662"], ["PT", "0.166"], ["SE", "0.041"], ["TR", "0.465"], ["US", "0.369"],
  ["VN", "0.472"],
]);

/** Of every country's figure: all were read in copies of Ember's table. */
export const gridVerification: Verification = "compared";

/** Spread of hourly and regional intensity around a national yearly average, in percent. */
export const gridUncertaintyPercent = 25;
