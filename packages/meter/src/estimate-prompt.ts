import { builtinPriceBook, modelLimits, tokenizerOf } from '@tallygate/pricing';
import { isObject } from './answer.ts';
import { type Attachments, attachmentsIn } from './estimate-attachments.ts';

/** How large a request is, before it is known which model counts it: a fallback or an advisor may count differently. */
export interface PromptSize {
  /** Of the request as it is sent, structure included, without what is attached in base64. */
  textBytes: number;
  attachments: Attachments;
  /** What the provider puts before it for the tools and formats that it asks for. */
  addedTokens: number;
  /** It continues a conversation that the provider holds: how long that is, nobody here can tell. */
  continues: boolean;
}

/** The provider publishes 286 to 675 tokens for having tools at all, by model. */
const TOKENS_OF_TOOLS = 700;
/** For each tool of the provider's own; recorded: 500 to 2,700, by tool. */
const TOKENS_OF_BUILTIN_TOOL = 3_000;
/** What the tools of a server are described with, and what a skill is: assumed, they are not in the request. */
const TOKENS_OF_MCP_SERVER = 5_000;
const TOKENS_OF_SKILL = 3_000;
/** Recorded: up to 110. */
const TOKENS_OF_FORMAT = 200;

/**
 * A PDF is read as text and as a picture of each page: up to 3,000 tokens of text for one, and the provider's own example of a
 * paper has 500 kB for 125,000 tokens, which is 5.3 characters of base64 each.
 */
const BASE64_BYTES_PER_DOCUMENT_TOKEN = 4;
const TEXT_TOKENS_PER_PAGE = 3_000;
/** That example, for a document whose size is not in the request. */
const TOKENS_OF_REMOTE_DOCUMENT = 125_000;

/** Of a model that nobody knows. */
const CONTEXT_WINDOW_TOKENS = 1_000_000;

export function promptSizeOf(text: string, body: Record<string, unknown>): PromptSize {
  const attachments = attachmentsIn(body['messages']);
  return {
    textBytes: Buffer.byteLength(text) - attachments.base64Bytes,
    attachments,
    addedTokens: addedTokens(body),
    continues: isObject(body['thread']) && body['thread']['type'] === 'continue',
  };
}

/** From above: no recorded request was counted as more. */
export function promptTokensOf(
  { textBytes, attachments, addedTokens, continues }: PromptSize,
  model: string,
): number {
  const { bytesPerToken, tokensPerImageMax } = tokenizerOf(model);
  const pageTokens = TEXT_TOKENS_PER_PAGE + tokensPerImageMax;
  let sum = Math.ceil(textBytes / bytesPerToken) + addedTokens;
  for (const tokens of attachments.imagesTokens) sum += Math.min(tokens, tokensPerImageMax);
  for (const bytes of attachments.documentsBase64Bytes)
    sum += Math.max(pageTokens, Math.ceil(bytes / BASE64_BYTES_PER_DOCUMENT_TOKEN));
  sum += attachments.remoteDocuments * TOKENS_OF_REMOTE_DOCUMENT;
  return continues ? Math.max(sum, windowTokens(model)) : sum;
}

function windowTokens(model: string): number {
  return modelLimits(builtinPriceBook, model)?.contextWindowTokens ?? CONTEXT_WINDOW_TOKENS;
}

function addedTokens(body: Record<string, unknown>): number {
  const tools = listOf(body['tools']);
  const builtin = tools.filter((tool) => isBuiltin(tool)).length;
  const servers = listOf(body['mcp_servers']).length;
  const skills = isObject(body['container']) ? listOf(body['container']['skills']).length : 0;
  const output = body['output_config'];
  const hasFormat = isObject(body['output_format']) || (isObject(output) && isObject(output['format']));
  return (
    (tools.length + servers > 0 ? TOKENS_OF_TOOLS : 0) +
    builtin * TOKENS_OF_BUILTIN_TOOL +
    servers * TOKENS_OF_MCP_SERVER +
    skills * TOKENS_OF_SKILL +
    (hasFormat ? TOKENS_OF_FORMAT : 0)
  );
}

/** A tool of the caller's own is described in the request, one of the provider's by the provider. */
function isBuiltin(tool: unknown): boolean {
  return isObject(tool) && typeof tool['type'] === 'string' && tool['type'] !== 'custom';
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
