/**
 * How LTA abbreviates in the names of its stops and roads, and what else people write for the same words.
 *
 * Collected by counting the words of the published list of stops and reading the names that have them: CP is a car park there, Ter a terminal and Terr a
 * terrace, Ct a court, Lk a link, Lp a lamp post. Left out is what is a word of its own as often, above all single letters: they name exits, blocks and streets.
 */

/** The word that everything is turned into, and its other spellings, without apostrophes and dots. */
const SPELLINGS: Readonly<Record<string, string>> = {
  // Places and names.
  'ang mo kio': 'amk',
  'choa chu kang': 'cck',
  'johor bahru': 'jb',
  'khoo teck puat hospital': 'ktph',
  'national university hospital': 'nuh',
  'singapore general hospital': 'sgh',
  'toa payoh': 'tpy',
  'yio chu kang': 'yck',
  bukit: 'bt bkt',
  commonwealth: 'cwealth',
  fort: 'ft',
  jalan: 'jln',
  kampong: 'kg kpg kampung',
  lorong: 'lor',
  mount: 'mt',
  serangoon: 'sgoon',
  singapore: 'spore sgp',
  sungei: 'sg sungai',
  taman: 'tmn',
  tanjong: 'tg tj tjg tanjung',
  upper: 'upp',
  woodlands: 'wlands',
  // Kinds of roads. St is a street or a saint, which a query does not tell: so both are one word.
  avenue: 'ave av avenues',
  boulevard: 'blvd bvd',
  close: 'cl',
  crescent: 'cres',
  drive: 'dr',
  estate: 'est estates',
  grove: 'gr',
  highway: 'hway hwy',
  lane: 'ln',
  link: 'lk',
  place: 'pl',
  road: 'rd roads',
  square: 'sq',
  street: 'st saint str',
  terrace: 'terr',
  walk: 'wk',
  // Where a stop is.
  after: 'aft',
  before: 'bef',
  between: 'bet btw',
  block: 'blk blks blocks',
  checkpoint: 'checkpt',
  interchange: 'int',
  'lamp post': 'lp',
  opposite: 'opp',
  station: 'stn stns stations mrt lrt',
  terminal: 'ter ters terminals',
  'terminal 1': 'ptb1 t1',
  'terminal 2': 'ptb2 t2',
  'terminal 3': 'ptb3 t3',
  // Directions and ranks.
  central: 'ctrl',
  international: 'intl',
  junior: 'jnr jr',
  national: 'natl',
  north: 'nth',
  regional: 'reg',
  senior: 'snr sr',
  south: 'sth',
  // Buildings and grounds.
  apartment: 'apt apts apartments',
  building: 'bldg bldgs buildings',
  camp: 'camps',
  'car park': 'cp carpark carparks',
  cemetery: 'cemy',
  centre: 'ctr center centres centers',
  'community club': 'cc',
  complex: 'cplx',
  condominium: 'condo condos condominiums',
  court: 'ct crt',
  distripark: 'dp',
  factory: 'fty fac factories',
  'food centre': 'fc',
  garden: 'gdn gdns gardens',
  headquarters: 'hq',
  heights: 'hts hgts height',
  home: 'hme homes',
  house: 'hse',
  library: 'lib',
  market: 'mkt markets',
  parade: 'pde',
  park: 'pk',
  plant: 'plt',
  plaza: 'plza',
  point: 'pt',
  reservoir: 'resvr',
  tower: 'twr twrs towers',
  warehouse: 'warehse whse',
  // Schools.
  academy: 'acad',
  college: 'coll',
  institute: 'inst',
  institution: 'instn',
  'junior college': 'jc',
  polytechnic: 'poly',
  primary: 'pr pri',
  school: 'sch schools',
  secondary: 'sec',
  training: 'trg',
  university: 'uni univ',
  // Worship and care.
  christian: 'chr',
  church: 'ch',
  hospital: 'hosp',
  medical: 'med',
  methodist: 'meth',
  mosque: 'mque masjid',
  presbyterian: 'presby',
  rehabilitation: 'reh rehab',
  temple: 'tp',
  // Trades and offices.
  aerospace: 'aspace',
  association: 'assn',
  command: 'cmd',
  commission: 'comsn',
  community: 'cmty',
  corporation: 'corp',
  development: 'devt',
  division: 'div',
  driving: 'drv',
  engineering: 'engrg',
  general: 'gen',
  government: 'govt',
  industrial: 'ind',
  inspection: 'insp',
  limited: 'ltd',
  manufacturing: 'mfg',
  ministry: 'min',
  neighbourhood: 'nhood neighborhood',
  private: 'pte',
  science: 'sci',
  service: 'svc svcs services',
  technology: 'tech',
  transport: 'trspt',
  vehicle: 'veh',
  water: 'wtr',
};

/** Words in a row that mean one thing in several ways, all of them spelled out. */
const PHRASES: readonly (readonly [said: string, meant: string])[] = [
  ['community centre', 'community club'],
  ['hawker centre', 'food centre'],
  ['bus interchange', 'interchange'],
  ['bus terminal', 'terminal'],
  ['bus stop', ''],
  // Of `MRT Station`.
  ['station station', 'station'],
];

/** What else a query may have meant by an abbreviation. */
export const ALSO_MEANT: ReadonlyMap<string, string> = new Map([['ter', 'terrace']]);

/** From a spelling to the words it stands for. */
export const EXPANSIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SPELLINGS).flatMap(([word, others]) =>
    others.split(' ').map((other) => [other, word.split(' ')] as const),
  ),
);

/** From a spelled word to its other spellings of one word. */
export const OTHER_SPELLINGS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SPELLINGS).map(([word, others]) => [word, others.split(' ')] as const),
);

export const FOLDS = PHRASES.map(([said, meant]) => ({
  said: said.split(' '),
  meant: meant === '' ? [] : meant.split(' '),
}));
