import type { Answer, AnswerBlock } from './answer.ts';
import type { InputTokens } from './prompt-cache.ts';
import type { MessageRequest } from './request.ts';
import { completeUsage, deltaUsage, NO_PROGRESS, type Progress, startUsage } from './usage.ts';

/** One server-sent event, and how far generation has come once it exists. */
export interface StreamEvent {
  type: string;
  data: Record<string, unknown>;
  progress: Progress;
}

export interface ServedMessage {
  id: string;
  request: MessageRequest;
  input: InputTokens;
  answer: Answer;
}

/** Tokens per delta: small enough that a reader sees many, large enough to stay cheap. */
const TOKENS_PER_DELTA = 8;
/** What real streams put into `message_start` before the real count is known. */
const PLACEHOLDER_OUTPUT_TOKENS = 4;

/** The stream of a message, lazily: an event that is never asked for was never generated. */
export function* eventsOf(message: ServedMessage): Generator<StreamEvent, void, undefined> {
  let progress = NO_PROGRESS;
  yield event('message_start', { message: startedMessage(message) }, progress);
  for (const [order, block] of message.answer.blocks.entries()) {
    for (const piece of blockEvents(block, firstIndexOf(message.answer, order))) {
      progress = advance(progress, piece);
      yield event(piece.type, piece.data, progress);
      if (order === 0 && piece.type === 'content_block_start') yield event('ping', {}, progress);
    }
  }
  const usage = deltaUsage(message.input, progress);
  const delta = { stop_reason: message.answer.stopReason, stop_sequence: null, stop_details: null };
  yield event('message_delta', { delta, usage }, progress);
  yield event('message_stop', {}, progress);
}

/** The same message as one JSON document. */
export function wholeMessage(message: ServedMessage, progress: Progress): Record<string, unknown> {
  const { request, input, answer } = message;
  return {
    ...envelope(message),
    content: answer.blocks.flatMap(contentOf),
    stop_reason: answer.stopReason,
    usage: completeUsage(request, input, progress),
  };
}

function startedMessage(message: ServedMessage): Record<string, unknown> {
  return {
    ...envelope(message),
    content: [],
    stop_reason: null,
    usage: startUsage(message.request, message.input, PLACEHOLDER_OUTPUT_TOKENS),
  };
}

function envelope({ id, request }: ServedMessage): Record<string, unknown> {
  return {
    model: request.model.id,
    id,
    type: 'message',
    role: 'assistant',
    stop_sequence: null,
    stop_details: null,
  };
}

function event(type: string, data: Record<string, unknown>, progress: Progress): StreamEvent {
  return { type, data: { type, ...data }, progress };
}

/** An event of one block, with what generating it adds. */
interface Piece {
  type: string;
  data: Record<string, unknown>;
  adds: Partial<Progress>;
}

function advance(progress: Progress, { adds }: Piece): Progress {
  return {
    outputTokens: progress.outputTokens + (adds.outputTokens ?? 0),
    thinkingTokens: progress.thinkingTokens + (adds.thinkingTokens ?? 0),
    searchResultTokens: progress.searchResultTokens + (adds.searchResultTokens ?? 0),
    webSearches: progress.webSearches + (adds.webSearches ?? 0),
  };
}

/** A search shows as two content blocks, so indexes run ahead of the blocks of the plan. */
function firstIndexOf(answer: Answer, order: number): number {
  return answer.blocks.slice(0, order).reduce((index, block) => index + contentOf(block).length, 0);
}

function contentOf(block: AnswerBlock): Record<string, unknown>[] {
  switch (block.kind) {
    case 'thinking':
      return [{ type: 'thinking', thinking: block.text, signature: block.signature }];
    case 'text':
      return [{ type: 'text', text: block.text }];
    case 'tool_use':
      return [
        { type: 'tool_use', id: block.id, name: block.name, input: block.input, caller: { type: 'direct' } },
      ];
    case 'web_search':
      return [
        { type: 'server_tool_use', id: block.id, name: 'web_search', input: block.input },
        { type: 'web_search_tool_result', tool_use_id: block.id, content: block.results },
      ];
  }
}

/** How the text of a block travels: the field it grows in, and the empty block it starts from. */
function* blockEvents(block: AnswerBlock, index: number): Generator<Piece, void, undefined> {
  const [content = {}, result] = contentOf(block);
  yield {
    type: 'content_block_start',
    data: { index, content_block: { ...content, ...emptied(block) } },
    adds: {},
  };
  for (const slice of slicesOf(block)) {
    yield { type: 'content_block_delta', data: { index, delta: slice.delta }, adds: slice.adds };
  }
  yield { type: 'content_block_stop', data: { index }, adds: {} };
  if (block.kind !== 'web_search') return;
  const adds = { webSearches: 1, searchResultTokens: block.resultTokens };
  yield { type: 'content_block_start', data: { index: index + 1, content_block: result }, adds };
  yield { type: 'content_block_stop', data: { index: index + 1 }, adds: {} };
}

function emptied(block: AnswerBlock): Record<string, unknown> {
  if (block.kind === 'thinking') return { thinking: '', signature: '' };
  return block.kind === 'text' ? { text: '' } : { input: {} };
}

interface Slice {
  delta: Record<string, unknown>;
  adds: Partial<Progress>;
}

function* slicesOf(block: AnswerBlock): Generator<Slice, void, undefined> {
  const wire = wireTextOf(block);
  const parts = Math.max(1, Math.ceil(block.outputTokens / TOKENS_PER_DELTA));
  for (let part = 0; part < parts; part += 1) {
    const text = wire.slice(portion(wire.length, part, parts), portion(wire.length, part + 1, parts));
    const outputTokens =
      portion(block.outputTokens, part + 1, parts) - portion(block.outputTokens, part, parts);
    const thinkingTokens = block.kind === 'thinking' ? outputTokens : 0;
    yield { delta: deltaOf(block, text), adds: { outputTokens, thinkingTokens } };
  }
  if (block.kind !== 'thinking') return;
  yield { delta: { type: 'signature_delta', signature: block.signature }, adds: {} };
}

function wireTextOf(block: AnswerBlock): string {
  return block.kind === 'thinking' || block.kind === 'text' ? block.text : JSON.stringify(block.input);
}

function deltaOf(block: AnswerBlock, text: string): Record<string, unknown> {
  if (block.kind === 'thinking') return { type: 'thinking_delta', thinking: text };
  if (block.kind === 'text') return { type: 'text_delta', text };
  return { type: 'input_json_delta', partial_json: text };
}

/** Where part `part` of `parts` begins in a length; the last one ends exactly at it. */
function portion(length: number, part: number, parts: number): number {
  return Math.floor((length * part) / parts);
}
