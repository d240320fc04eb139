/** An application's OpenTelemetry, as much of it as tests need to see what it was told. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type ContextManager,
  createNoopMeter,
  type Meter,
  ROOT_CONTEXT,
} from '@opentelemetry/api';

/** As much of a context manager as the SDK's spans need; applications bring the one of OpenTelemetry. */
export function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, thisArg, ...args) => storage.run(active, () => work.call(thisArg as never, ...args)),
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

interface Measurement {
  name: string;
  value: number;
  attributes: Attributes;
}

/** A provider whose instruments write down what they are told. */
export function recordingMetrics() {
  const measurements: Measurement[] = [];
  const boundaries: Record<string, number[] | undefined> = {};
  const record =
    (name: string) =>
    (value: number, attributes: Attributes = {}) =>
      void measurements.push({ name, value, attributes });
  const meter: Meter = Object.assign(Object.create(createNoopMeter()) as Meter, {
    createHistogram(name: string, options?: { advice?: { explicitBucketBoundaries?: number[] } }) {
      boundaries[name] = options?.advice?.explicitBucketBoundaries;
      return { record: record(name) };
    },
    createCounter: (name: string) => ({ add: record(name) }),
  });
  return { measurements, boundaries, provider: { getMeter: () => meter } };
}
