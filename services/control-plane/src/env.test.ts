import { describe, expect, it } from 'vitest';
import { settingsFromEnvironment } from './env.ts';

describe('settingsFromEnvironment', () => {
  it('listens on 4680 and takes the token of the data directory when nothing is set', () => {
    expect(settingsFromEnvironment({})).toEqual({ port: 4680, token: null });
    expect(settingsFromEnvironment({ TALLYGATE_CONSOLE_PORT: '', TALLYGATE_TOKEN: '' })).toEqual({
      port: 4680,
      token: null,
    });
  });

  it('takes both from the environment; 0 is a port that the system chooses', () => {
    const settings = settingsFromEnvironment({ TALLYGATE_CONSOLE_PORT: '0', TALLYGATE_TOKEN: 'secret' });
    expect(settings).toEqual({ port: 0, token: 'secret' });
  });

  it.each(['65536', '-1', '80.5', 'http', '4680 '])('refuses the port %j', (port) => {
    expect(() => settingsFromEnvironment({ TALLYGATE_CONSOLE_PORT: port })).toThrow(
      /TALLYGATE_CONSOLE_PORT is ".+", which is no port/,
    );
  });
});
