export {
  openUsageStore,
  type UsageStore,
  type UsageStoreDependencies,
  type UsageStoreOptions,
} from './usage-store.ts';
