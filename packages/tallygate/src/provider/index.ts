export { historyOfProvider, type ProviderOfBill } from './history-of-provider.ts';
export { openProvider } from './open-provider.ts';
export { openProviders, type Provider } from './open-providers.ts';
