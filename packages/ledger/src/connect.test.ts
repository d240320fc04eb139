import { describe, expect, it } from 'vitest';
import { connectLedger } from './connect.ts';

describe('without the optional engine', () => {
  it('the embedded ledger says which package to install, and touches no directory', async () => {
    const missing = Object.assign(new Error("Cannot find package 'chdb'"), { code: 'ERR_MODULE_NOT_FOUND' });
    const opening = connectLedger({ kind: 'embedded', directory: '/nonexistent/never/made' }, () =>
      Promise.reject(missing),
    );
    await expect(opening).rejects.toMatchObject({ code: 'TALLYGATE_ENGINE_MISSING', cause: missing });
    await expect(opening).rejects.toThrow('npm install chdb');
  });
});
