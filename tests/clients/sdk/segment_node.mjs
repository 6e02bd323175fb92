// @segment/analytics-node against $TRIBUTARY_URL. An event that was not delivered, or an error, ends with exit code 1.
import {Analytics} from '@segment/analytics-node';

import {runCases} from './cases.mjs';

const {TRIBUTARY_URL, WRITE_KEY, PREFIX, ONLY_ONE} = process.env;
const failures = [];

function client() {
  // flushAt 300: the 250 events of one flush travel as one request.
  const analytics = new Analytics({writeKey: WRITE_KEY, host: TRIBUTARY_URL, flushAt: 300, flushInterval: 60_000,
                                   maxRetries: 5, httpRequestTimeout: 10_000});
  analytics.on('error', (error) => failures.push(`${error.code}: ${error.reason ?? ''}`));
  return analytics;
}

let analytics = client();
const sdk = {
  async flush() {
    await analytics.closeAndFlush({timeout: 30_000});
    analytics = client();
  },
};
for (const verb of ['identify', 'track', 'page', 'group', 'alias']) sdk[verb] = (message) => analytics[verb](message);

if (ONLY_ONE) {
  sdk.track({userId: `${PREFIX}-one`, event: 'One', properties: {}});
  await sdk.flush();
} else {
  await runCases(sdk, PREFIX);
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exit(1);
}
