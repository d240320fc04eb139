import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type MemoryCli, memoryCli, writeFile } from './memory-context.ts';

/** Every way in which a person gets it wrong, with the exit code and the beginning of the one sentence that says so. */
interface BadInput {
  what: string;
  argv: string[];
  environment?: Record<string, string>;
  file?: string;
  failure?: unknown;
  code: number;
  sentence: string | RegExp;
}

const withLimit = (usd: string) => `version: 1\nbudgets: [{ id: b, period: day, limit: { usd: ${usd} } }]\n`;
const SECRET = 'hunter2hunter2';

const BAD_INPUTS: readonly BadInput[] = [
  { what: 'no command', argv: [], code: 2, sentence: 'No command was given. Name one' },
  { what: 'a group without its command', argv: ['budgets'], code: 2, sentence: 'No command was given.' },
  {
    what: 'a misspelt command',
    argv: ['reprot'],
    code: 2,
    sentence: "Unknown command 'reprot'. Did you mean report?",
  },
  {
    what: 'a misspelt option',
    argv: ['report', '--mnth', '2026-10'],
    code: 2,
    sentence: "Unknown option '--mnth'. Did you mean --month?",
  },
  {
    what: 'an option without its value',
    argv: ['report', '--month'],
    code: 2,
    sentence: "Option '--month <month>' argument missing. See",
  },
  {
    what: 'a missing argument',
    argv: ['budgets', 'show'],
    code: 2,
    sentence: "Missing required argument 'id'. See",
  },
  { what: 'an argument too many', argv: ['report', 'all'], code: 2, sentence: 'Too many arguments' },
  {
    what: 'a month that is none',
    argv: ['report', '--month', 'October'],
    code: 2,
    sentence: '--month "October" is not a month. Write one such as 2026-10.',
  },
  {
    what: 'the thirteenth month',
    argv: ['report', '--month', '2026-13'],
    code: 2,
    sentence: '--month "2026-13" is not a month.',
  },
  {
    what: 'a date that no calendar has',
    argv: ['report', '--from', '2026-02-30'],
    code: 2,
    sentence: '--from "2026-02-30" is not a date.',
  },
  {
    what: 'an end before the beginning',
    argv: ['report', '--from', '2026-10-02', '--to', '2026-10-01'],
    code: 2,
    sentence: 'Nothing lies between',
  },
  {
    what: 'an end without a beginning',
    argv: ['report', '--to', '2026-10-01'],
    code: 2,
    sentence: '--to is given without --from.',
  },
  {
    what: 'a true-up before anything was reconciled',
    argv: ['true-up', '--reason', 'INC-9'],
    code: 2,
    sentence: 'Nothing is reconciled yet. Run tallygate reconcile for the same days first.',
  },
  {
    what: 'a range said twice',
    argv: ['report', '--month', '2026-10', '--from', '2026-10-01'],
    code: 2,
    sentence: '--month and --from/--to say the same thing.',
  },
  {
    what: 'a dimension that is none',
    argv: ['report', '--by', 'team,modle'],
    code: 2,
    sentence: '--by "modle" is not something to group by. Did you mean model?',
  },
  {
    what: 'a part of a day to reconcile',
    argv: ['reconcile', '--from', '2026-10-01T06:00:00Z', '--to', '2026-10-02'],
    environment: { ANTHROPIC_ADMIN_KEY: 'k' },
    code: 2,
    sentence: /is not a row of whole UTC days\./,
  },
  {
    what: 'reconciling without an admin key',
    argv: ['reconcile'],
    code: 2,
    sentence: "The provider's reports need an admin key, and none is set. Set ANTHROPIC_ADMIN_KEY",
  },
  {
    what: 'a price book that does not exist',
    argv: ['prices', 'check', 'prices.json'],
    code: 2,
    sentence: 'prices.json does not exist. Begin with what is in force: "tallygate prices show --book".',
  },
  {
    what: 'a price book that is no JSON',
    argv: ['prices', 'check', 'tallygate.yaml'],
    file: 'version: 1\n',
    code: 2,
    sentence: 'tallygate.yaml is not JSON (',
  },
  {
    what: 'a price book that is no book',
    argv: ['prices', 'diff', 'tallygate.yaml'],
    file: '{"version":1,"prices":[{"priceId":"opus","usdPerMtok":{"input":4}}]}',
    code: 2,
    sentence: 'The price book is not valid: asOf: ',
  },
  {
    what: 'the price book of a newer release',
    argv: ['prices', 'publish', 'tallygate.yaml', '--reason', 'r'],
    file: '{"version":2}',
    code: 2,
    sentence: 'The price book has version 2; this library reads version 1. Upgrade',
  },
  {
    what: 'publishing prices without a reason',
    argv: ['prices', 'publish', 'tallygate.yaml'],
    code: 2,
    sentence: "Required option '--reason <text>' not specified.",
  },
  {
    what: 'publishing prices for an empty reason',
    argv: ['prices', 'publish', 'tallygate.yaml', '--reason', ' '],
    code: 2,
    sentence: '--reason is empty. Say why',
  },
  {
    what: 'publishing no file',
    argv: ['prices', 'publish', '--reason', 'r'],
    code: 2,
    sentence: 'There is no file to publish. Name a file, or',
  },
  {
    what: 'publishing a file and the built-in book',
    argv: ['prices', 'publish', 'a.json', '--built-in', '--reason', 'r'],
    code: 2,
    sentence: 'A file and --built-in exclude each other.',
  },
  {
    what: 'a model that the price book does not name',
    argv: ['prices', 'show', '--model', 'claude-opus-55'],
    code: 2,
    sentence: 'The price book names no model "claude-opus-55". Did you mean claude-opus-5',
  },
  {
    what: 'prices on a day that is none',
    argv: ['prices', 'show', '--at', '2026-02-30'],
    code: 2,
    sentence: '--at "2026-02-30" is not a date.',
  },
  {
    what: 'a budget that does not exist',
    argv: ['budgets', 'show', 'nope'],
    code: 2,
    sentence: 'There is no budget "nope". List the budgets with',
  },
  {
    what: 'a wrong URL',
    argv: ['report'],
    environment: { TALLYGATE_URL: `tally.example.com?token=${SECRET}` },
    code: 2,
    sentence: 'TALLYGATE_URL is not a URL that starts with http:// or https://. Set it to the control plane',
  },
  {
    what: 'a URL of another service',
    argv: ['report'],
    environment: { TALLYGATE_REDIS_URL: `http://user:${SECRET}@host` },
    code: 2,
    sentence: 'TALLYGATE_REDIS_URL is not a URL that starts with redis:// or rediss://.',
  },
  {
    what: 'an unknown variable',
    argv: ['report'],
    environment: { TALLYGATE_TOKN: SECRET },
    code: 2,
    sentence: 'Environment variable TALLYGATE_TOKN is not known. Did you mean TALLYGATE_TOKEN?',
  },
  {
    what: 'a mode that is none',
    argv: ['report'],
    environment: { TALLYGATE_MODE: 'strict' },
    code: 2,
    sentence: 'TALLYGATE_MODE ("strict") is not a mode. Set it to off, observe or enforce.',
  },
  {
    what: 'a bad organization',
    argv: ['report', '--organization', 'a b'],
    code: 2,
    sentence: '--organization ("a b") is not a name that keys can carry.',
  },
  {
    what: 'a bad port',
    argv: ['serve', '--port', '99999'],
    code: 2,
    sentence: '--port ("99999") is not a port from 0 to 65535.',
  },
  {
    what: 'a file that does not exist',
    argv: ['plan', '--config', 'nope.yaml'],
    code: 2,
    sentence: /nope\.yaml does not exist\. Write one with "tallygate init"/,
  },
  {
    what: 'no file to apply',
    argv: ['apply'],
    code: 2,
    sentence: 'There is no tallygate.yaml here. Write one with "tallygate init"',
  },
  {
    what: 'malformed YAML',
    argv: ['plan'],
    file: 'version: 1\nteams: [',
    code: 2,
    sentence: /^tallygate\.yaml:2:9: .* Correct the YAML there/,
  },
  {
    what: 'a misspelt field',
    argv: ['plan'],
    file: 'version: 1\nbugdets: []\n',
    code: 2,
    sentence: 'tallygate.yaml:2:1: bugdets is not a known field. Did you mean budgets?',
  },
  {
    what: 'a newer file',
    argv: ['plan'],
    file: 'version: 2\n',
    code: 2,
    sentence: 'tallygate.yaml:1:10: The file has version 2, this tallygate reads version 1. Upgrade',
  },
  {
    what: 'a negative limit',
    argv: ['plan'],
    file: withLimit('-5'),
    code: 2,
    sentence: 'tallygate.yaml:2:47: budgets[0].limit.usd "-5" is negative. Write a plain decimal',
  },
  {
    what: 'a limit finer than money',
    argv: ['plan'],
    file: withLimit('0.0000000001'),
    code: 2,
    sentence: 'tallygate.yaml:2:47: budgets[0].limit.usd "0.0000000001" has more than nine digits',
  },
  {
    what: 'a limit written as a float',
    argv: ['plan'],
    file: withLimit('5e2'),
    code: 2,
    sentence: 'tallygate.yaml:2:47: budgets[0].limit.usd "5e2" is not a plain decimal amount.',
  },
  {
    what: 'an unknown zone',
    argv: ['plan'],
    file: `${withLimit('5').slice(0, -4)}, timeZone: Europe/Berln }]\n`,
    code: 2,
    sentence: /budgets\[0\]\.timeZone "Europe\/Berln" is not a time zone\. Did you mean Europe\/Berlin\?/,
  },
  {
    what: 'a broken file under any command',
    argv: ['report'],
    file: 'version: 1\nx: 1\n',
    code: 2,
    sentence: 'tallygate.yaml:2:1: x is not a known field.',
  },
  {
    what: 'a file of another organization',
    argv: ['plan'],
    file: 'version: 1\norganization: acme\n',
    code: 2,
    sentence: 'The file is for organization acme, the gate serves default.',
  },
  {
    what: 'a directory that another process owns',
    argv: ['budgets', 'list'],
    failure: new TallygateError('TALLYGATE_DIRECTORY_OWNED', {
      message: '/data is owned by process 7 on host-b.',
    }),
    code: 4,
    sentence: '/data is owned by process 7 on host-b. Stop the process that owns it',
  },
  {
    what: 'a gate that does not answer',
    argv: ['budgets', 'list'],
    failure: new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'Redis did not answer.' }),
    code: 4,
    sentence: 'Redis did not answer. Check that',
  },
  {
    what: 'a file to import that does not exist',
    argv: ['import', 'past.jsonl'],
    code: 2,
    sentence: /past\.jsonl does not exist\. Name a file of JSON lines, a JSON array or CSV\./,
  },
  { what: 'a directory to import', argv: ['import', '.'], code: 2, sentence: /is no file\. Name a file of/ },
  {
    what: 'a format that nobody reads',
    argv: ['import', 'tallygate.yaml', '--format', 'parquet'],
    file: 'a,b',
    code: 2,
    sentence: '--format "parquet" is not a format. Use one of jsonl, json, csv.',
  },
  {
    what: 'a field to map that does not exist',
    argv: ['import', 'tallygate.yaml', '--map', 'taem=group'],
    file: 'a,b',
    code: 2,
    sentence: '--map "taem" is not a field. Write team=<column>.',
  },
  {
    what: 'a field that is mapped to nothing',
    argv: ['import', 'tallygate.yaml', '--map', 'team'],
    file: 'a,b',
    code: 2,
    sentence: '--map names no column for "team".',
  },
  {
    what: 'pricing again without a range',
    argv: ['prices', 'rerate', '--apply'],
    code: 2,
    sentence: 'No range was given. Name it with --month, or with --from and --to.',
  },
  {
    what: 'pricing again until before it begins',
    argv: ['prices', 'rerate', '--from', '2026-10-02', '--to', '2026-10-01'],
    code: 2,
    sentence: 'Nothing lies between',
  },
  {
    what: 'usage that is charged to a team without saying which',
    argv: ['reassign', '--to', 'b', '--reason', 'r', '--where', ''],
    code: 2,
    sentence: '--where "" is not a condition.',
  },
  {
    what: 'usage that is charged to a team where a date is meant',
    argv: ['reassign', '--to', '2026-11-01', '--reason', 'r', '--where', 'team=a', '--month', '2026-10'],
    code: 2,
    sentence: '"2026-11-01" is no team. Name the team with --to, and the end of the range with --until.',
  },
  {
    what: 'usage that is charged to a team until a day and from none',
    argv: ['reassign', '--to', 'b', '--reason', 'r', '--where', 'team=a', '--until', '2026-10-02'],
    code: 2,
    sentence: '--until is given without --from.',
  },
  {
    what: 'usage that is charged to a team by what its lines differ in',
    argv: ['reassign', '--to', 'b', '--reason', 'r', '--where', 'model=m', '--month', '2026-10'],
    code: 2,
    sentence: '--where responseModel does not tell one attempt from another.',
  },
  {
    what: 'a purchase of credit that draws on a commitment',
    argv: [
      ...['invoice', 'add', '--month', '2026-10', '--issued', '2026-10-01', '--number', 'P-1', '--purchase'],
      ...['--amount', '20', '--commitment', '5'],
    ],
    code: 2,
    sentence: 'A purchase of credit is no usage, and draws on no commitment.',
  },
  {
    what: 'an export to nowhere',
    argv: ['export', '--month', '2026-10'],
    code: 2,
    sentence: "Required option '--out <directory>' not specified.",
  },
  {
    what: 'an export of no days',
    argv: ['export', '--out', 'rows'],
    code: 2,
    sentence: 'No range was given. Name it with --month, or with --from and --to.',
  },
  {
    what: 'an export in a format that nobody writes',
    argv: ['export', '--month', '2026-10', '--out', 'rows', '--format', 'xlsx'],
    code: 2,
    sentence: '--format "xlsx" is not a format. Use one of csv, parquet.',
  },
  {
    what: 'an export of a day that is not over',
    argv: ['export', '--from', '2026-11-20', '--to', '2026-11-22', '--out', 'rows'],
    code: 2,
    sentence:
      'The export ends at 2026-11-22T00:00:00.000Z, and that day is not over. Let it end with 2026-11-21',
  },
  {
    what: 'an export into a file',
    argv: ['export', '--month', '2026-10', '--out', 'tallygate.yaml'],
    file: 'version: 1',
    code: 2,
    sentence: '--out "tallygate.yaml" is no directory to write to (EEXIST). Name another directory.',
  },
  {
    what: 'a failure nobody foresaw',
    argv: ['report'],
    failure: new RangeError('Out of luck.\n    at secret (/src/x.js:1:1)'),
    code: 1,
    sentence: 'The command failed unexpectedly: Out of luck. Run "tallygate doctor"',
  },
];

function cliFor({ environment, file, failure }: BadInput): MemoryCli {
  const openRuntime = failure === undefined ? {} : { openRuntime: () => Promise.reject(failure) };
  const cli = memoryCli({ environment: environment ?? {}, ...openRuntime });
  if (file !== undefined) writeFile(cli, file);
  return cli;
}

describe('bad input is answered with one sentence, a cure and the right exit code', () => {
  it.each(BAD_INPUTS)('$what', async (input) => {
    const { code, stdout, stderr } = await cliFor(input).run(...input.argv);
    expect(stderr).toMatch(/^tallygate: .+\n$/);
    const sentence = stderr.slice('tallygate: '.length);
    if (typeof input.sentence === 'string')
      expect(sentence.slice(0, input.sentence.length)).toBe(input.sentence);
    else expect(sentence).toMatch(input.sentence);
    expect(code).toBe(input.code);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/\n {4}at |\.js:\d|hunter2/);
  });
});

describe('with --json the same is one JSON document on stdout and nothing else anywhere', () => {
  it.each(BAD_INPUTS)('$what', async (input) => {
    // First, because an option that lacks its value would take it for one.
    const { code, stdout, stderr } = await cliFor(input).run('--json', ...input.argv);
    const { error, ...others } = JSON.parse(stdout);
    expect(Object.keys(error)).toEqual(['code', 'message', 'cure']);
    expect(others).toEqual({});
    expect(error.code).toMatch(/^TALLYGATE_[A-Z_]+$/);
    const whole = `${error.message} ${error.cure}`;
    if (typeof input.sentence === 'string')
      expect(whole.slice(0, input.sentence.length)).toBe(input.sentence);
    else expect(whole).toMatch(input.sentence);
    expect(error.cure).not.toBe('');
    expect(error.message).not.toContain(error.cure);
    expect(code).toBe(input.code);
    expect(stdout.endsWith('}\n')).toBe(true);
    expect(stderr).toBe('');
    expect(stdout).not.toMatch(/ {4}at |\.js:\d|hunter2/);
  });
});

describe('questions about the command itself are answers', () => {
  it('prints help with examples on stdout', async () => {
    const { code, stdout, stderr } = await memoryCli().run('--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('tallygate report --month 2026-10 --by team,feature,model');
    expect(stdout).toContain('Exit codes: 0 ok');
    expect(stdout).not.toMatch(/epoch|bucket|lease|track|generation/i);
  });

  it('prints the version, also as JSON', async () => {
    expect(await memoryCli().run('--version')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    const { stdout } = await memoryCli().run('--version', '--json');
    expect(JSON.parse(stdout)).toEqual({ schema: 'tallygate.text/1', text: '1.2.3\n' });
  });

  it('prints help of a command as one JSON document when asked for JSON', async () => {
    const { code, stdout } = await memoryCli().run('report', '--help', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).text).toContain('--month <month>');
  });
});
