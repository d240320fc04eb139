import { beforeAll, vi } from 'vitest';

/** The SDK warns of old models and of deprecated properties, and whoever looks at all of an answer meets them all. */
export function withoutDeprecations(): void {
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockReturnValue(undefined);
  });
}
