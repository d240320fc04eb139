import { describeRecordings } from './describe-recordings.ts';
import { SDK_READINGS } from './sdk-readings.ts';

describeRecordings('a wrapped client', 'wrapped', SDK_READINGS);
