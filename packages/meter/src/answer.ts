/**
 * What one response said about itself, as far as billing cares. Filled from a JSON message or from the events of a stream;
 * no text of it is kept.
 */
export interface Answer {
  messageId: string | null;
  /** The model named last: a fallback can take over after `message_start`. */
  model: string | null;
  stopReason: string | null;
  refusalCategory: string | null;
  /** The provider's own usage object, merged field by field; null until any arrived. */
  usage: ProviderUsage | null;
  /** True once the final usage is in: a stream without it broke off, and its counts are lower bounds. */
  complete: boolean;
  /** True once the model that answers produced any content: decides whether a refusal is charged. */
  outputBegan: boolean;
  /** Bytes of text in the content deltas that passed, from which the output of a broken stream is estimated. */
  deltaBytes: number;
  /** `error.type` of an error body or of a mid-stream error event. */
  errorCode: string | null;
  /** Where one model declined and the next took over, in order. */
  declines: Decline[];
}

export interface Decline {
  category: string | null;
  /** The model that took over, where the answer names it. */
  successor: string | null;
  /** `deltaBytes` by then: what the models before had written. */
  deltaBytes: number;
}

/** The provider's field names; open, because new ones arrive without notice. */
export type ProviderUsage = Record<string, unknown>;

export function emptyAnswer(): Answer {
  return {
    messageId: null,
    model: null,
    stopReason: null,
    refusalCategory: null,
    usage: null,
    complete: false,
    outputBegan: false,
    deltaBytes: 0,
    errorCode: null,
    declines: [],
  };
}

/** A JSON body: a message, or an error envelope. Anything else leaves the answer as it is. */
export function readBody(answer: Answer, body: unknown): void {
  if (!isObject(body)) return;
  if (body['type'] === 'error') {
    readError(answer, body);
  } else if (isObject(body['usage'])) {
    readMessage(answer, body);
    answer.complete = true;
  }
}

/** One event of a stream. Later usage replaces earlier usage field by field: it is cumulative, never a delta to add. */
export function readEvent(answer: Answer, event: unknown): void {
  if (!isObject(event)) return;
  switch (event['type']) {
    case 'message_start':
      if (isObject(event['message'])) readMessage(answer, event['message']);
      // Some streams carry the whole message in their first event and never send a message_delta.
      if (answer.stopReason !== null) answer.complete = true;
      return;
    case 'content_block_start':
      readBlock(answer, event['content_block']);
      return;
    case 'message_delta':
      readMessageDelta(answer, event);
      return;
    case 'error':
      readError(answer, event);
      return;
  }
}

function readMessage(answer: Answer, message: Record<string, unknown>): void {
  answer.messageId = textOr(message['id'], answer.messageId);
  answer.model = textOr(message['model'], answer.model);
  readStop(answer, message);
  answer.usage = mergedUsage(answer.usage, message['usage']);
  const content = message['content'];
  if (Array.isArray(content)) for (const block of content) readBlock(answer, block);
}

function readMessageDelta(answer: Answer, event: Record<string, unknown>): void {
  if (isObject(event['delta'])) {
    readStop(answer, event['delta']);
    answer.model = textOr(event['delta']['model'], answer.model);
  }
  if (!isObject(event['usage'])) return;
  answer.usage = mergedUsage(answer.usage, event['usage']);
  // Usage alone may be told on the way; the stop reason comes with the last of it.
  if (answer.stopReason !== null) answer.complete = true;
}

function readStop(answer: Answer, source: Record<string, unknown>): void {
  answer.stopReason = textOr(source['stop_reason'], answer.stopReason);
  if (isObject(source['stop_details'])) {
    answer.refusalCategory = textOr(source['stop_details']['category'], answer.refusalCategory);
  }
}

/** Where a fallback takes over, output begins anew: what the model before it wrote decides nothing about the next one. */
function readBlock(answer: Answer, block: unknown): void {
  const isFallback = isObject(block) && block['type'] === 'fallback';
  answer.outputBegan = !isFallback;
  if (!isFallback) return;
  const { trigger, to } = block;
  answer.declines.push({
    category: isObject(trigger) ? textOr(trigger['category'], null) : null,
    successor: isObject(to) ? textOr(to['model'], null) : null,
    deltaBytes: answer.deltaBytes,
  });
}

function readError(answer: Answer, envelope: Record<string, unknown>): void {
  const error = envelope['error'];
  answer.errorCode = isObject(error) ? textOr(error['type'], 'error') : 'error';
}

/** Last value that is not null wins, so what only `message_start` knows (tier, speed, geography, TTL split) survives. */
function mergedUsage(before: ProviderUsage | null, update: unknown): ProviderUsage | null {
  if (!isObject(update)) return before;
  const merged: ProviderUsage = { ...before };
  for (const name of Object.keys(update)) {
    const value = update[name];
    if (value !== null && value !== undefined) merged[name] = value;
    else if (!(name in merged)) merged[name] = null;
  }
  return merged;
}

function textOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' ? value : fallback;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
