/** Where an emission factor was published. `year` is the year of publication of the edition used. */
export interface FactorSource {
  readonly name: string;
  readonly publisher: string;
  readonly year: number;
}

/**
 * How a factor was checked. `compared`: its figure was read in the publication or a copy of its table.
 * `secondary`: it was read in a publication that cites the source, or another publication's figure lies within
 * the stated uncertainty. `unverified`: no copy of the source could be read.
 */
export const verifications = ["compared", "secondary", "unverified"] as const;
export type Verification = (typeof verifications)[number];

const from = (name: string, publisher: string, year: number): FactorSource => ({ name, publisher, year });

/** Every publication that a factor in `materials.csv` is taken from. */
export const factorSources = {
  ice3: from("Inventory of Carbon and Energy (ICE) v3.0", "Circular Ecology", 2019),
  ice2: from("Inventory of Carbon and Energy (ICE) v2.0", "University of Bath", 2011),
  desnz2025: from("UK Government GHG conversion factors 2025, material use", "DESNZ", 2025),
  iai: from(
    "Greenhouse gas emissions intensity, primary aluminium, 2022",
    "International Aluminium Institute",
    2024,
  ),
  outokumpu: from("EPD, cold rolled stainless steel, over 90 % recycled", "Outokumpu", 2022),
  ecoProfiles: from("Eco-profiles of the European plastics industry", "PlasticsEurope", 2008),
  franklin: from("Life cycle impacts for postconsumer recycled resins", "Franklin Associates for APR", 2018),
  shen2010: from("Open-loop recycling: PET bottle-to-fibre", "Shen, Worrell and Patel", 2010),
  shenPatel: from("Life cycle assessment of man-made cellulose fibres", "Shen and Patel", 2010),
  vinkDavies: from(
    "Life cycle inventory data for 2014 Ingeo polylactide production",
    "Vink and Davies",
    2015,
  ),
  textileExchange: from("The life cycle assessment of organic cotton fiber", "Textile Exchange", 2014),
  nova: from(
    "Carbon footprint and sustainability of different natural fibres",
    "nova-Institut, Barth and Carus",
    2015,
  ),
  wiedemann: from(
    "Resource use and greenhouse gas emissions from three wool production regions in Australia",
    "Wiedemann et al.",
    2016,
  ),
  bianco: from("Life cycle assessment of MWool recycled wool fibers", "Bianco et al., Resources 11", 2022),
  jawjit: from("Greenhouse gas emissions from rubber industry in Thailand", "Jawjit et al.", 2010),
  inbar: from(
    "The environmental impact of industrial bamboo products",
    "INBAR, van der Lugt and Vogtländer",
    2015,
  ),
  kunz: from(
    "Life cycle assessment of silicone elastomers, D6GC01680D",
    "Kunz et al., Green Chemistry",
    2026,
  ),
  jema: from("Emission factors of printed circuit boards, JEM-TR 243", "JEMA LCA working group", 2015),
  mueller: from("A comparative life cycle assessment of silicon PV modules", "Müller et al.", 2021),
  poore: from("Reducing food's environmental impacts", "Poore and Nemecek, Science 360", 2018),
  ember: from("Carbon intensity of electricity generation, 2023", "Ember", 2024),
} as const satisfies Record<string, FactorSource>;

export type FactorSourceKey = keyof typeof factorSources;
