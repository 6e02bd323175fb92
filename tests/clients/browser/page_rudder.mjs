// The page of a shop with @rudderstack/analytics-js; the bundled build, because the plain one loads its plugins from a CDN.
import {RudderAnalytics} from '@rudderstack/analytics-js/bundled';

window.runPage = async ({url, writeKey, prefix, order}) => {
  const rudder = new RudderAnalytics();
  const sent = [];
  const queued = (payload) => sent.push(payload.messageId);
  await new Promise((ready) => {
    rudder.load(writeKey, url, {configUrl: url, logLevel: 'ERROR', onLoaded: ready,
                                queueOptions: {minRetryDelay: 200, maxRetryDelay: 1000}});
  });
  const anonymousId = rudder.getAnonymousId();
  rudder.page(undefined, 'Home', {}, undefined, queued);
  rudder.track('Visited', {text: '你好 🎉'}, undefined, queued);
  rudder.track('Large', {blob: 'x'.repeat(60_000)}, undefined, queued);
  rudder.identify(`${prefix}-ann`, {email: `ann@${prefix}.example`, name: 'Anna 安娜 🦊'}, undefined, queued);
  rudder.track('Order Completed', order, undefined, queued);
  rudder.group(`${prefix}-group`, {name: 'Acme'}, undefined, queued);
  rudder.alias(`${prefix}-ann`, anonymousId, undefined, queued);
  return {anonymousId, failures: [], messageIds: sent};
};
