import type { FactorSourceKey } from "./factor-sources.ts";

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
];

// biome-ignore format: a table
const rows = {
  // metals
  "stainless-steel":          ["stainless steel",            "4.40",  "0",     "0",    37, 0,   "ice3",      25],
  "stainless-steel-recycled": ["recycled stainless steel",   "1.90",  "0",     "0",    94, 0,   "outokumpu", 25],
  "steel":                    ["cold rolled steel",          "2.73",  "0",     "0",    15, 0,   "ice3",      20],
  "steel-recycled":           ["recycled steel",             "0.70",  "0",     "0",    95, 0,   "worldsteel", 25],
  "cast-iron":                ["cast iron",                  "2.03",  "0.03",  "0",    40, 0,   "ice2",      30],
  "aluminium":                ["primary aluminium",          "15.10", "0",     "0",    0,  0,   "iai2022",   15],
  "aluminium-mix":            ["aluminium, European mix",    "6.67",  "0",     "0",    31, 0,   "ice3",      20],
  "aluminium-recycled":       ["recycled aluminium",         "0.60",  "0",     "0",    98, 0,   "iaiRecycling", 25],
  "copper":                   ["copper",                     "2.71",  "0",     "0",    37, 0,   "ice3",      30],
  "brass":                    ["brass",                      "2.64",  "0",     "0",    60, 0,   "ice2",      35],
  // minerals
  "glass":                    ["glass",                      "1.44",  "0",     "0",    30, 0,   "ice3",      20],
  "glass-recycled":           ["recycled glass",             "0.82",  "0",     "0",    90, 0,   "desnz2023", 20],
  "stoneware":                ["stoneware",                  "0.70",  "0",     "0",    0,  0,   "ice2",      35],
  "porcelain":                ["vitrified ceramic",          "1.61",  "0",     "0",    0,  0,   "ice2",      35],
  // wood and other plants
  "softwood":                 ["sawn softwood",              "0.263", "0",     "0.42", 0,  100, "ice3",      25],
  "hardwood":                 ["sawn hardwood",              "0.306", "0",     "0.43", 0,  100, "ice3",      30],
  "plywood":                  ["plywood",                    "0.681", "0.03",  "0.40", 0,  92,  "ice3",      30],
  "mdf":                      ["medium density fibreboard",  "0.856", "0.05",  "0.38", 20, 68,  "ice3",      30],
  "wood-reclaimed":           ["reclaimed wood",             "0.113", "0",     "0.43", 100, 0,  "desnz2023", 35],
  "bamboo":                   ["laminated bamboo",           "1.00",  "0.02",  "0.45", 0,  96,  "inbar",     30],
  "cork":                     ["cork",                       "0.19",  "0",     "0.54", 0,  100, "ice2",      40],
  "natural-rubber":           ["natural rubber",             "0.64",  "0",     "0.85", 0,  97,  "jawjit",    40],
  "paper":                    ["paper",                      "0.919", "0",     "0.40", 0,  100, "desnz2023", 20],
  "paper-recycled":           ["recycled paper",             "0.739", "0",     "0.40", 100, 0,  "desnz2023", 20],
  "board":                    ["corrugated board",           "0.821", "0",     "0.40", 70, 30,  "desnz2023", 20],
  // fibres, before spinning and weaving: that energy is in the manufacturing line
  "cotton":                   ["cotton",                     "1.81",  "0",     "0.42", 0,  100, "textileExchange", 30],
  "cotton-organic":           ["organic cotton",             "0.98",  "0",     "0.42", 0,  100, "textileExchange", 30],
  "cotton-recycled":          ["recycled cotton",            "0.152", "0",     "0.42", 100, 0,  "desnz2023", 45],
  "linen":                    ["linen",                      "0.90",  "0",     "0.42", 0,  100, "nova",      30],
  "hemp":                     ["hemp",                       "0.84",  "0",     "0.42", 0,  100, "nova",      30],
  "jute":                     ["jute",                       "0.97",  "0",     "0.42", 0,  100, "nova",      35],
  "lyocell":                  ["lyocell",                    "1.10",  "0",     "0.42", 0,  100, "shenPatel", 40],
  "wool":                     ["merino wool",                "21.00", "0",     "0.50", 0,  100, "wiedemann", 40],
  "wool-recycled":            ["recycled wool",              "0.152", "0",     "0.50", 100, 0,  "desnz2023", 45],
  "polyester":                ["polyester",                  "4.06",  "0.625", "0",    0,  0,   "shen2010",  20],
  "polyester-recycled":       ["recycled polyester",         "0.96",  "0.625", "0",    100, 0,  "shen2010",  25],
  "polyamide":                ["polyamide",                  "6.70",  "0.64",  "0",    0,  0,   "polyamide", 20],
  // polymers
  "polypropylene":            ["polypropylene",              "1.63",  "0.857", "0",    0,  0,   "ppPe",      15],
  "polypropylene-recycled":   ["recycled polypropylene",     "0.53",  "0.857", "0",    100, 0,  "franklin",  20],
  "hdpe":                     ["polyethylene",               "1.80",  "0.857", "0",    0,  0,   "ppPe",      15],
  "hdpe-recycled":            ["recycled polyethylene",      "0.56",  "0.857", "0",    100, 0,  "franklin",  20],
  "ldpe":                     ["low density polyethylene",   "1.87",  "0.857", "0",    0,  0,   "ppPe",      15],
  "pet":                      ["PET",                        "2.19",  "0.625", "0",    0,  0,   "petEco",    15],
  "pet-recycled":             ["recycled PET",               "0.91",  "0.625", "0",    100, 0,  "franklin",  20],
  "abs":                      ["ABS",                        "3.10",  "0.85",  "0",    0,  0,   "styrenics", 20],
  "pla":                      ["PLA",                        "2.45",  "0",     "0.50", 0,  98,  "vinkDavies", 25],
  "silicone":                 ["silicone",                   "6.30",  "0.32",  "0",    0,  0,   "silicones", 25],
  "rubber":                   ["synthetic rubber",           "2.85",  "0.88",  "0",    0,  0,   "ice3",      25],
  "foam-pu":                  ["polyurethane foam",          "3.18",  "0.62",  "0",    0,  0,   "europur",   20],
  // electrical
  "circuit-board":            ["circuit board, active parts", "185",  "0.15",  "0",    0,  0,   "jema",      50],
  "circuit-board-simple":     ["circuit board, passive parts", "30",  "0.20",  "0",    0,  0,   "jema",      50],
  "lithium-cell":             ["lithium-ion cell",           "6.31",  "0.20",  "0",    0,  0,   "desnz2023", 45],
  "solar-laminate":           ["solar cell laminate",        "15.00", "0.10",  "0",    0,  0,   "mueller",   40],
  // food, farm to shop: wider than cradle to gate, so on the safe side
  "coffee":                   ["roasted coffee",             "28.53", "0",     "0.45", 0,  100, "poore",     60],
  "chocolate":                ["dark chocolate",             "46.65", "0",     "0.50", 0,  100, "poore",     70],
  "olive-oil":                ["olive oil",                  "5.42",  "0",     "0.77", 0,  100, "poore",     40],
  "rice":                     ["rice",                       "4.45",  "0",     "0.38", 0,  100, "poore",     45],
  "wheat":                    ["wheat",                      "1.57",  "0",     "0.38", 0,  100, "poore",     35],
  "oats":                     ["oats",                       "2.48",  "0",     "0.39", 0,  100, "poore",     40],
  "pulses":                   ["pulses",                     "1.79",  "0",     "0.38", 0,  100, "poore",     40],
  "peas":                     ["peas",                       "0.98",  "0",     "0.38", 0,  100, "poore",     40],
  "nuts":                     ["tree nuts",                  "0.43",  "0",     "0.55", 0,  100, "poore",     80],
} as const satisfies Record<string, Row>;

export type MaterialKey = keyof typeof rows;

const toMaterial = ([name, kgCO2ePerKg, fossilCarbon, biogenicCarbon, recycledPercent, ...rest]: Row) => {
  const [renewablePercent, source, uncertaintyPercent] = rest;
  const material: Material = {
    name,
    kgCO2ePerKg,
    fossilCarbon,
    biogenicCarbon,
    recycledPercent,
    renewablePercent,
    source,
    uncertaintyPercent,
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
  ["AT", "0.111"], ["BD", "0.691"], ["CN", "0.582"], ["CZ", "0.450"], ["DE", "0.381"], ["DK", "0.152"],
  ["ES", "0.174"], ["FI", "0.079"], ["FR", "0.056"], ["GB", "0.238"], ["IN", "0.713"], ["IT", "0.331"],
  ["NO", "0.030"], ["PL", "0.662"], ["PT", "0.151"], ["SE", "0.041"], ["TR", "0.464"], ["US", "0.369"],
  ["VN", "0.472"],
]);

/** Spread of hourly and regional intensity around a national yearly average, in percent. */
export const gridUncertaintyPercent = 25;
