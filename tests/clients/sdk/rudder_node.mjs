// @rudderstack/rudder-sdk-node against $TRIBUTARY_URL. An answer of 400, 401, 404 or 413 ends this process by itself.
import Rudder from '@rudderstack/rudder-sdk-node';

import {runCases} from './cases.mjs';

const {TRIBUTARY_URL, WRITE_KEY, PREFIX, ONLY_ONE} = process.env;
const Client = Rudder.default ?? Rudder;
// It flushes its first event at once unless told not to, and flushAt events at a time.
const client = new Client(WRITE_KEY, {dataPlaneUrl: TRIBUTARY_URL, flushAt: 300, flushInterval: 60_000,
                                      maxQueueSize: 4 << 20,
                                      logLevel: 'error'});
client.flushed = true;

const sdk = {flush: () => client.flush()};
for (const verb of ['identify', 'track', 'page', 'group', 'alias']) sdk[verb] = (message) => client[verb](message);

if (ONLY_ONE) {
  sdk.track({userId: `${PREFIX}-one`, event: 'One', properties: {}});
  await sdk.flush();
} else {
  await runCases(sdk, PREFIX);
}
process.exit(0);
