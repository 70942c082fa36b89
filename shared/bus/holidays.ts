/**
 * Singapore's public holidays, on which buses keep Sunday's times. A holiday on a Sunday makes the Monday after it one as well (Holidays Act 1998, section 4).
 *
 * 2026 is as gazetted. In 2027 those that follow the moon or a religious calendar are as calculated: Chinese New Year, Hari Raya Puasa, Hari Raya Haji, Vesak Day and
 * Deepavali. The Ministry of Manpower announces a year's days about nine months ahead; where they differ from this table, HAWKER_SG_HOLIDAYS corrects it: `2027-10-28`
 * adds a day, `-2027-10-28` takes one away.
 */
export const HOLIDAYS: ReadonlyMap<string, string> = new Map([
  ['2026-01-01', "New Year's Day"],
  ['2026-02-17', 'Chinese New Year'],
  ['2026-02-18', 'Chinese New Year'],
  ['2026-03-21', 'Hari Raya Puasa'],
  ['2026-04-03', 'Good Friday'],
  ['2026-05-01', 'Labour Day'],
  ['2026-05-27', 'Hari Raya Haji'],
  ['2026-05-31', 'Vesak Day'],
  ['2026-06-01', 'the day after Vesak Day'],
  ['2026-08-09', 'National Day'],
  ['2026-08-10', 'the day after National Day'],
  ['2026-11-08', 'Deepavali'],
  ['2026-11-09', 'the day after Deepavali'],
  ['2026-12-25', 'Christmas Day'],

  ['2027-01-01', "New Year's Day"],
  ['2027-02-06', 'Chinese New Year'],
  ['2027-02-07', 'Chinese New Year'],
  ['2027-02-08', 'the day after Chinese New Year'],
  ['2027-03-10', 'Hari Raya Puasa'],
  ['2027-03-26', 'Good Friday'],
  ['2027-05-01', 'Labour Day'],
  ['2027-05-16', 'Hari Raya Haji'],
  ['2027-05-17', 'the day after Hari Raya Haji'],
  ['2027-05-20', 'Vesak Day'],
  ['2027-08-09', 'National Day'],
  ['2027-10-28', 'Deepavali'],
  ['2027-12-25', 'Christmas Day'],
]);
