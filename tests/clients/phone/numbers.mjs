// Phone numbers in many spellings, each with what the reference makes of it: the table that unit tests compare with.
//
//   node numbers.mjs [seed] [rounds] > ../../data/phone/numbers.tsv     # without arguments: the recorded table
//
// The reference is npm awesome-phonenumber (Google's libphonenumber, compiled). Our own table of countries is generated
// from npm libphonenumber-js: another program and another snapshot, but data of the same origin. So the comparison tests
// the reading of spellings, not whether a country's plan is described well.
//
// A line is `country <tab> text <tab> expected`. Expected is E.164 with `;ext=N`; `?` in front tells that the reference
// reads this number but does not hold it for valid; empty tells that it reads none. `# name` begins a spelling.
import {getCountryCodeForRegionCode, getExample, getSupportedCallingCodes, getSupportedRegionCodes, parsePhoneNumber} from 'awesome-phonenumber';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const seed = Number(process.argv[2] ?? 1), rounds = Number(process.argv[3] ?? 1);

// mulberry32: the same numbers on every machine.
let state = seed >>> 0;
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const digitsOf = (text) => text.replace(/\D/g, '');

const regions = getSupportedRegionCodes().filter((region) => region !== '001').sort();
const TYPES = ['mobile', 'mobile', 'mobile', 'fixed-line', 'fixed-line', 'fixed-line', 'voip', 'toll-free', 'personal-number',
  'uan', 'shared-cost', 'premium-rate'];

// What the reference makes of a text. The package would look at a leading plus or 00 itself, before and unlike
// libphonenumber, and does so behind an apostrophe no more; a plus needs no country, but the package wants one.
function read(text, region) {
  const anyRegion = /^[^\d]*[+＋]/.test(text) ? 'US' : '';
  const parsed = parsePhoneNumber(`'${text}`, {regionCode: regions.includes(region) ? region : anyRegion});
  if (!parsed.number) return {expected: '', valid: false};
  const extension = /;ext=(\d+)$/.exec(parsed.number.rfc3966)?.[1];
  const number = parsed.number.e164 + (extension ? `;ext=${extension}` : '');
  return {expected: (parsed.valid ? '' : '?') + number, valid: parsed.valid, parsed};
}

function examplesOf(region) {
  return TYPES.flatMap((type) => {
    try {
      const example = getExample(region, type);
      return example.valid ? [example] : [];
    } catch {
      return [];  // the region has no numbers of the type
    }
  });
}
const examples = new Map(regions.map((region) => [region, examplesOf(region)]));

// A valid number of the region: an example of the reference whose last digits are others.
function someNumber(region) {
  for (let attempt = 0; attempt < 50; ++attempt) {
    const example = pick(examples.get(region));
    let digits = example.number.e164;
    const changed = Math.min(1 + random(6), example.number.significant.length - 2);
    digits = digits.slice(0, digits.length - changed) + String(random(10 ** changed)).padStart(changed, '0');
    const {parsed, valid} = read(digits, '');
    if (valid && parsed.number.e164 === digits) return parsed;
  }
  return examples.get(region)[0];
}

const EXIT_CODES = ['00', '011', '010', '0011', '001', '810', '002', '009', '000', '119', '0015', '012', '0', '005', '007', '011'];
const abroadFrom = new Map();
for (const region of regions) {
  const code = EXIT_CODES.find((exit) => read(`${exit}442079460958`, region).expected === '+442079460958' &&
    read(`${exit}12125552671`, region).expected === '+12125552671');
  if (code) abroadFrom.set(region, code);
}

// Our patterns of exit codes, by region, those of both editions: the codes themselves, and what stands next to them, is where
// two tables may differ.
const table = readFileSync(new URL('../../../engine/ingest/phone_metadata.inc', import.meta.url), 'utf8');
const exitPatterns = new Map([...table.matchAll(/^\{"([A-Z]{2})", \d+(?:, "[^"]*"){3}, "([^"]+)", "([^"]*)"/gm)]
  .map(([, region, now, earlier]) => [region, (earlier ? `${now}|${earlier}` : now).replaceAll('\\\\', '\\')]));
if (exitPatterns.size < 200) throw new Error(`only ${exitPatterns.size} patterns of exit codes were found in the table`);

// Some text that the pattern matches: of digits, \d, [...], (?:...), | and ?.
function someMatch(pattern) {
  let at = 0;
  function digitOfClass() {
    const end = pattern.indexOf(']', at);
    const members = pattern.slice(at + 1, end).replace(/(\d)-(\d)/g, (_, a, b) => '0123456789'.slice(Number(a), Number(b) + 1));
    at = end + 1;
    return pick(members);
  }
  function atom() {
    if (pattern[at] === '[') return digitOfClass();
    if (pattern.startsWith('(?:', at)) {
      at += 3;
      const inner = choice();
      ++at;  // the closing parenthesis
      return inner;
    }
    if (pattern.startsWith('\\d', at)) {
      at += 2;
      return String(random(10));
    }
    return pattern[at++];
  }
  function sequence() {
    let text = '';
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') {
      const piece = atom();
      const optional = pattern[at] === '?';
      if (optional) ++at;
      if (!optional || random(2)) text += piece;
    }
    return text;
  }
  function choice() {
    const branches = [sequence()];
    while (pattern[at] === '|') {
      ++at;
      branches.push(sequence());
    }
    return pick(branches);
  }
  const text = choice();
  if (!new RegExp(`^(?:${pattern})$`).test(text)) throw new Error(`'${text}' was made of ${pattern}`);
  return text;
}
const someExitCode = (region) => someMatch(exitPatterns.get(region));

// An exit code with one digit changed, more or less.
function besideExitCode(region) {
  const code = someExitCode(region), place = random(code.length);
  return pick([code.slice(0, -1), code + random(10), code.slice(0, place) + random(10) + code.slice(place + 1)]);
}

const inDigits = (text, zero) => text.replace(/\d/g, (d) => String.fromCodePoint(zero + Number(d)));
const fullWidth = (text) => inDigits(text, 0xff10).replace('+', '＋');
const callingCode = (number) => /^\+(\d+)/.exec(number.number.international)[1];
const grouped = (text, separator) => text.replace(/[()]/g, '').replace(/[ \-/.]+/g, separator);
const trunkZero = (number) => digitsOf(number.number.national) === '0' + number.number.significant;
const siblings = (home) =>
  regions.filter((region) => region !== home && getCountryCodeForRegionCode(region) === getCountryCodeForRegionCode(home));
const spaced = (number) => number.number.international.replace(/^\+\d+ ?/, '');

// name: (number, home) => [country, text, and where the reference knows nothing of the wrapping, the text for it].
const SPELLINGS = {
  'international': (n) => ['', n.number.e164],
  'international, spaced': (n) => [pick(regions), n.number.international],
  'international, dashes': (n, home) => [home, grouped(n.number.international, '-')],
  'international, dots': (n, home) => [home, grouped(n.number.international, '.')],
  'international, odd spaces': (n, home) => [home, grouped(n.number.international, pick(['\u00a0', '\u200b', '\u3000', '  ']))],
  'international, odd dashes': (n, home) => [home, grouped(n.number.international, pick(['\u2010', '\u2013', '\u2212', ' - ']))],
  'international, full width': (n, home) => [home, fullWidth(n.number.international)],
  'international, tel': (n, home) => [home, n.number.rfc3966],
  'international, parentheses': (n) => ['', `+${callingCode(n)} (${spaced(n).replace(/[() ]/g, '').slice(0, 3)}) ` +
    `${n.number.significant.slice(3)}`],
  'international, code in parentheses': (n, home) => [home, `${pick(['(+', '+('])}${callingCode(n)}) ${spaced(n)}`],
  'international, trunk in parentheses': (n, home) => trunkZero(n) && [home, `+${callingCode(n)} (0)${spaced(n)}`],
  'exit code': (n, home) => abroadFrom.has(home) &&
    [home, `${abroadFrom.get(home)}${pick(['', ' ', '-'])}${callingCode(n)} ${spaced(n)}`],
  'exit code, from elsewhere': (n) => {
    const from = pick([...abroadFrom.keys()]);
    return [from, `${abroadFrom.get(from)} ${callingCode(n)} ${spaced(n)}`];
  },
  'national': (n, home) => [home, n.number.national],
  'national, digits': (n, home) => [home, digitsOf(n.number.national)],
  'national, dashes': (n, home) => [home, grouped(n.number.national, '-')],
  'national, dots': (n, home) => [home, grouped(n.number.national, '.')],
  'national, slash': (n, home) => [home, n.number.national.replace(/[()]/g, '').replace(' ', '/')],
  'national, parentheses': (n, home) => [home, n.number.national.replace(/[()]/g, '').replace(/^(\d+)[ -]/, '($1) ')],
  'national, full width': (n, home) => [home, fullWidth(n.number.national)],
  'national, Arabic digits': (n, home) => [home, inDigits(n.number.national, pick([0x660, 0x6f0]))],
  'national, tel': (n, home) => [home, `tel:${n.number.national}`],
  'national, apostrophe': (n, home) => [home, `'${digitsOf(n.number.national)}`],
  'national, white space around': (n, home) => [home, `  ${n.number.national} `],
  'national, extension': (n, home) => [home, `${n.number.national}${pick([' ext. ', ' ext', ' x', 'x', ' extension ', ';ext=', ' #'])}` +
    `${1 + random(9999)}`],
  'international, extension': (n, home) => [home, `${n.number.international}${pick([' ext. ', ' x', ';ext=', '#'])}${1 + random(999)}`],
  'significant': (n, home) => [home, n.number.significant],
  'significant, of a spreadsheet': (n, home) => [home, `${n.number.significant}.0`, n.number.significant],
  'international, of a spreadsheet': (n, home) => [home, `${n.number.e164}.0`, n.number.e164],
  'national, of a sibling': (n, home) => siblings(home).length > 0 && [pick(siblings(home)), n.number.national],
  // Below: what may be no number, or another one.
  'no country': (n) => ['', n.number.national],
  'unknown country': (n) => ['XX', `00${callingCode(n)}${n.number.significant}`],
  'country of somebody else': (n) => [pick(regions), n.number.national],
  'significant, elsewhere': (n) => [pick(regions), n.number.significant],
  'one digit less': (n, home) => [home, n.number.national.replace(/\d(?=\D*$)/, '')],
  'one digit more': (n, home) => [home, n.number.national + random(10)],
  'international, one digit less': (n) => ['', n.number.e164.slice(0, -1)],
  'international, one digit more': (n) => ['', n.number.e164 + random(10)],
  'wrong trunk prefix': (n, home) => [home, `${pick(['0', '1', '8', '9', '06', '01', '80', '00'])}${n.number.significant}`],
  'trunk prefix behind the code': (n, home) => [home, `+${callingCode(n)} ${pick(['0', '0', '1', '8', '06'])}${n.number.significant}`],
  'code without plus': (n, home) => [home, `${callingCode(n)}${n.number.significant}`],
  'code without plus, elsewhere': (n) => [pick(regions), `${callingCode(n)} ${n.number.significant}`],
  'wrong exit code': (n) => [pick(regions), `${pick(EXIT_CODES)} ${callingCode(n)} ${n.number.significant}`],
  'two pluses': (n, home) => [home, `+${pick(['+', ' +', callingCode(n) + ' +'])}${n.number.e164.slice(1)}`],
  'any digits': () => [pick(regions), someDigits(2 + random(15))],
  'any digits, international': () => ['', `+${someDigits(3 + random(14))}`],
  'any digits behind a code': () => ['', `+${pick(codes)}${someDigits(3 + random(10))}`],
  'any digits behind a trunk prefix': () => [pick(regions), pick(['0', '1', '8', '06']) + someDigits(3 + random(10))],
  'every exit code': (n) => withExitCode((from) => `${someExitCode(from)} ${callingCode(n)} ${n.number.significant}`),
  'every exit code, at home': (n, home) => exitPatterns.has(home) && [home, someExitCode(home) + n.number.significant],
  'every exit code, any digits': (n, home) => exitPatterns.has(home) && [home, someExitCode(home) + someTail()],
  'beside an exit code': (n) => withExitCode((from) => `${besideExitCode(from)} ${callingCode(n)} ${n.number.significant}`),
  'beside an exit code, any digits': (n, home) => exitPatterns.has(home) && [home, besideExitCode(home) + someTail()],
  'an exit code of elsewhere': (n, home) => [home, someExitCode(pick([...exitPatterns.keys()])) + someTail()],
};
// Regions with many codes are rare among the regions: every pattern is as likely as another.
const regionsByPattern = [...new Set(exitPatterns.values())].map((pattern) =>
  [...exitPatterns.keys()].filter((region) => exitPatterns.get(region) === pattern));
function withExitCode(spell) {
  const from = pick(pick(regionsByPattern));
  return [from, spell(from)];
}
const codes = getSupportedCallingCodes();
const someDigits = (count) => Array.from({length: count}, () => random(10)).join('');
const someTail = () => someDigits(4 + random(10));

const lines = [];
for (const [name, spell] of Object.entries(SPELLINGS)) {
  lines.push(`# ${name}`);
  for (const home of regions) {
    for (let round = 0; round < rounds; ++round) {
      const spelled = spell(someNumber(home), home);
      if (!spelled) continue;
      const [country, text, plain = text] = spelled;
      lines.push(`${country}\t${text}\t${read(plain, country).expected}`);
    }
  }
}
const {version} = createRequire(import.meta.url)('awesome-phonenumber/package.json');
console.log(`# npm awesome-phonenumber ${version}, seed ${seed}, rounds ${rounds}`);
console.log(lines.join('\n'));
