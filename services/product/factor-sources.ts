/** Where an emission factor was published. `year` is the year of publication of the edition used. */
export interface FactorSource {
  readonly name: string;
  readonly publisher: string;
  readonly year: number;
}

const from = (name: string, publisher: string, year: number): FactorSource => ({ name, publisher, year });

/** Every publication that a factor in `emission-factors.ts` is taken from. */
export const factorSources = {
  ice3: from("Inventory of Carbon and Energy (ICE) v3.0", "Circular Ecology", 2019),
  ice2: from("Inventory of Carbon and Energy (ICE) v2.0", "University of Bath", 2011),
  desnz2023: from("UK Government GHG conversion factors 2023, material use", "DESNZ and DEFRA", 2023),
  iai2022: from(
    "Greenhouse gas emission intensity, primary aluminium",
    "International Aluminium Institute",
    2022,
  ),
  iaiRecycling: from("Aluminium recycling factsheet", "International Aluminium Institute", 2020),
  worldsteel: from("Sustainability indicators 2023", "World Steel Association", 2023),
  outokumpu: from("EPD, cold rolled stainless steel, over 90 % recycled", "Outokumpu", 2022),
  ppPe: from("Eco-profiles: polyethylene and polypropylene", "PlasticsEurope", 2014),
  petEco: from("Eco-profile: PET bottle grade", "PlasticsEurope", 2017),
  styrenics: from("Eco-profile: styrene-acrylonitrile and ABS", "PlasticsEurope", 2015),
  polyamide: from("Eco-profile: polyamide 6", "PlasticsEurope", 2014),
  europur: from("Eco-profile: flexible polyurethane foam", "EUROPUR", 2015),
  franklin: from("Life cycle impacts for postconsumer recycled resins", "Franklin Associates for APR", 2018),
  shen2010: from("Open-loop recycling: PET bottle-to-fibre", "Shen, Worrell and Patel", 2010),
  shenPatel: from("Life cycle assessment of man-made cellulose fibres", "Shen and Patel", 2010),
  vinkDavies: from("Life cycle inventory for Ingeo polylactide", "Vink and Davies", 2015),
  textileExchange: from("The life cycle assessment of organic cotton fiber", "Textile Exchange", 2014),
  nova: from("Carbon footprint of natural fibres", "nova-Institut, Barth and Carus", 2015),
  wiedemann: from("Resource use and emissions of Australian wool", "Wiedemann et al.", 2016),
  jawjit: from("Greenhouse gas emissions from rubber industry in Thailand", "Jawjit et al.", 2010),
  inbar: from("The environmental impact of industrial bamboo products", "INBAR, van der Lugt", 2015),
  silicones: from("Si-chemistry carbon balance", "Global Silicones Council", 2012),
  jema: from("Emission factors of printed circuit boards, JEM-TR 243", "JEMA LCA working group", 2015),
  mueller: from("A comparative life cycle assessment of silicon PV modules", "Müller et al.", 2021),
  poore: from("Reducing food's environmental impacts", "Poore and Nemecek, Science 360", 2018),
  ember: from("Carbon intensity of electricity generation, 2023", "Ember", 2024),
} as const satisfies Record<string, FactorSource>;

export type FactorSourceKey = keyof typeof factorSources;
