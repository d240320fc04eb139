import type { Load } from './peer.ts';

interface Provider {
  forceFlush(): Promise<void>;
}

interface Exporter {
  export(spans: Span[], done: (result: { code: number }) => void): void;
  shutdown(): Promise<void>;
}

interface TraceSdk {
  BasicTracerProvider: new (options: { spanProcessors: unknown[] }) => Provider;
  BatchSpanProcessor: new (exporter: Exporter) => unknown;
}

interface Span {
  instrumentationScope: { name: string };
}

/**
 * The usual pipeline of a service, a batch processor included, with an exporter that keeps the spans. Only those of one
 * instrumentation are handed over: the SDK makes spans of its own as soon as it finds a pipeline.
 */
export function collectSpans(load: Load, scope: string) {
  const sdk = load('@opentelemetry/sdk-trace-base') as TraceSdk;
  const spans: Span[] = [];
  const exporter: Exporter = {
    export(batch, done) {
      spans.push(...batch);
      done({ code: 0 });
    },
    shutdown: async () => undefined,
  };
  const provider = new sdk.BasicTracerProvider({ spanProcessors: [new sdk.BatchSpanProcessor(exporter)] });
  return {
    provider,
    async take(): Promise<unknown[]> {
      await provider.forceFlush();
      return spans.splice(0).filter((span) => span.instrumentationScope.name === scope);
    },
  };
}
