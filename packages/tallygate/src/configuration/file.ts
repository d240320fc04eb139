import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type ConfigurationSnapshot, nearestName, TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import { contractPricesFrom } from './file-contracts.ts';
import { featuresFrom } from './file-features.ts';
import { financeFrom } from './file-finance.ts';
import { budgetsFrom, teamsFrom } from './file-meaning.ts';
import { poolsFrom } from './file-pools.ts';
import { type ProviderOrganization, providerOrganizationsFrom } from './file-provider-organizations.ts';
import { FIELD_CURES, type FileContent, fileSchema, KNOWN_FIELDS } from './file-schema.ts';
import { fieldName, type LocatedDocument, located, type Path, parseLocatedYaml } from './yaml-document.ts';

/**
 * What tallygate.yaml asks for. It has no version (publishing gives one) and no list prices ("tallygate prices publish" does
 * those, and a file must not remove them); contract prices are the file's; `organization` is null where the file leaves it to the process.
 */
export type DesiredConfiguration = Omit<ConfigurationSnapshot, 'version' | 'priceBook' | 'organization'> & {
  organization: string | null;
  /** Of this process: it is not published, for other processes have other keys. */
  providerOrganizations?: ProviderOrganization[];
};

/**
 * Reads and checks a tallygate.yaml.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` with file, line, column, field and cure;
 * `TALLYGATE_VERSION_UNSUPPORTED` when a newer tallygate wrote it.
 */
export function readConfigurationFile(path: string): DesiredConfiguration {
  return parseConfigurationYaml(readText(path), basename(path));
}

/** As `readConfigurationFile`, from text; `name` is what errors call it. */
export function parseConfigurationYaml(text: string, name: string): DesiredConfiguration {
  const document = parseLocatedYaml(text, name);
  const content = shapeOf(document, name);
  const teams = teamsFrom(content, document);
  const features = featuresFrom(content, document);
  const contractPrices = contractPricesFrom(content, document);
  return {
    organization: content.organization ?? null,
    unknownTeams: content.unknownTeams,
    tagAllowList: content.tagAllowList,
    unpricedModels: content.unpricedModels,
    teams,
    budgets: [...budgetsFrom(content, teams, document), ...poolsFrom(content, document)],
    ...(features.length === 0 ? {} : { features }),
    ...(contractPrices.length === 0 ? {} : { contractPrices }),
    ...financeFrom(content, teams, document),
    ...providerOrganizationsFrom(content, document),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`;
    const cure =
      code === 'ENOENT' ? 'Write one with "tallygate init", or correct --config.' : 'Check its rights.';
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `${path} ${problem}.`,
      cure,
      cause,
    });
  }
}

function shapeOf(document: LocatedDocument, name: string): FileContent {
  const { content } = document;
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    const found = content === null ? 'is empty' : 'is not a map of fields';
    throw located(`${name}:1:1: The file ${found}.`, 'Begin it with "version: 1".');
  }
  // Before anything else: a newer file may have fields that this version would call mistakes.
  refuseNewerVersion((content as Record<string, unknown>)['version'], document);
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw firstProblem(parsed.error.issues, document);
}

function refuseNewerVersion(version: unknown, document: LocatedDocument): void {
  if (typeof version !== 'string' || !/^\d+$/.test(version) || BigInt(version) <= 1n) return;
  throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
    message: `${document.locate(['version'])}: The file has version ${version}, this tallygate reads version 1.`,
  });
}

interface Problem {
  offset: number;
  error: TallygateError;
}

/** Misspelt fields first, because they explain the missing ones; then in the order of the file. */
function firstProblem(issues: z.core.$ZodIssue[], document: LocatedDocument): TallygateError {
  const unknown = issues.flatMap((issue) => unknownFields(issue, document));
  const others = issues.map((issue) => problemOf(issue, document));
  const inOrder = (problems: Problem[]) => problems.toSorted((a, b) => a.offset - b.offset);
  const [first] = [...inOrder(unknown), ...inOrder(others)];
  return first?.error ?? located('The file is not valid.', '');
}

function unknownFields(issue: z.core.$ZodIssue, document: LocatedDocument): Problem[] {
  if (issue.code === 'invalid_union')
    return unionIssues(issue).flatMap((inner) => unknownFields(inner, document));
  if (issue.code !== 'unrecognized_keys') return [];
  const path = issue.path as Path;
  const known = KNOWN_FIELDS[pattern(path)] ?? [];
  return issue.keys.map((key) => {
    const at: Path = [...path, key];
    const near = nearestName(key, known);
    const cure = near === null ? `Known here are ${known.join(', ')}.` : `Did you mean ${near}?`;
    const error = located(`${document.locate(at, 'key')}: ${fieldName(at)} is not a known field.`, cure);
    return { offset: document.offsetOf(at, 'key'), error };
  });
}

/** Inner issues of a union carry paths from the union down; they are reported from the root. */
function unionIssues(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] {
  return issue.errors.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function problemOf(issue: z.core.$ZodIssue, document: LocatedDocument): Problem {
  const path = issue.path as Path;
  const found = valueAt(document.content, path);
  const cure = FIELD_CURES[pattern(path)] ?? 'Write a text of 1 to 200 characters.';
  const problem = describe(issue, found);
  return { offset: document.offsetOf(path), error: document.invalid(path, problem, cure) };
}

function describe(issue: z.core.$ZodIssue, found: unknown): string {
  if (found === undefined) return 'is missing';
  if (found === null || found === '') return 'is empty';
  const shown = typeof found === 'string' && !KEY.test(found) ? `"${found.slice(0, 60)}" ` : '';
  if (issue.code === 'invalid_format' || issue.code === 'invalid_union') return `${shown}${issue.message}`;
  if (issue.code === 'invalid_value') return `${shown}is not one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_big') return 'is longer than 200 characters';
  if (issue.code === 'invalid_type') return `${shown}is not ${WORDS[issue.expected] ?? issue.expected}`;
  return `${shown}is not valid`;
}

/** Somebody wrote a key where its name belongs: no error repeats it. */
const KEY = /sk-/;

const WORDS: Record<string, string> = { object: 'a map of fields', array: 'a list', string: 'a single text' };

function pattern(path: Path): string {
  return path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
}

function valueAt(content: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | null | undefined)?.[step],
    content,
  );
}
