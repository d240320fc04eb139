/** An answer as the provider would give it, whole or as the events of a stream. */
export interface ProviderMessage {
  /** The model that answered. */
  model: string;
  /** What `message_start` names when a fallback takes over later. */
  startModel?: string;
  content?: Record<string, unknown>[];
  stop_reason?: string;
  stop_details?: Record<string, unknown> | null;
  container?: Record<string, unknown>;
  usage: Record<string, unknown>;
}

/** Fields of usage that only the first event of a stream carries. */
const START_ONLY = new Set(['cache_creation', 'service_tier', 'speed', 'inference_geo']);
/** Fields that only its last usage carries. */
const END_ONLY = new Set(['iterations', 'server_tool_use', 'output_tokens_details', 'fallback_credit']);

const TEXT = [{ type: 'text', text: 'Four pages, one table.' }];

export function bodyOf(answer: ProviderMessage, isStream: boolean): string {
  return isStream
    ? eventsOf(answer)
        .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
        .join('')
    : JSON.stringify(wholeOf(answer));
}

function wholeOf({ startModel: _startModel, ...answer }: ProviderMessage) {
  const frame = { id: 'msg_1', type: 'message', role: 'assistant', stop_sequence: null };
  return { ...frame, content: TEXT, stop_reason: 'end_turn', stop_details: null, ...answer };
}

function eventsOf(answer: ProviderMessage): { type: string; [name: string]: unknown }[] {
  const { content, stop_reason, stop_details, usage, ...start } = wholeOf(answer);
  const startUsage = { ...without(usage, END_ONLY), output_tokens: 1 };
  const model = answer.startModel ?? answer.model;
  return [
    {
      type: 'message_start',
      message: { ...start, model, content: [], stop_reason: null, stop_details: null, usage: startUsage },
    },
    ...content.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: block },
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null, stop_details },
      usage: without(usage, START_ONLY),
    },
    { type: 'message_stop' },
  ];
}

function without(usage: Record<string, unknown>, names: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => !names.has(name)));
}
