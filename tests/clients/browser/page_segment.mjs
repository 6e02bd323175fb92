// The page of a shop with @segment/analytics-next, configured by nothing but the write key and where the settings are.
import {AnalyticsBrowser} from '@segment/analytics-next';

window.runPage = async ({url, writeKey, prefix, order}) => {
  const analytics = AnalyticsBrowser.load({writeKey, cdnURL: url});
  const contexts = [
    await analytics.page('Home'),
    await analytics.track('Visited', {text: '你好 🎉'}),
    await analytics.track('Large', {blob: 'x'.repeat(60_000)}),
    await analytics.identify(`${prefix}-ann`, {email: `ann@${prefix}.example`, name: 'Anna 安娜 🦊'}),
    await analytics.track('Order Completed', order),
    await analytics.group(`${prefix}-group`, {name: 'Acme'}),
    await analytics.alias(`${prefix}-ann`),
  ];
  const user = await analytics.user();
  return {anonymousId: user.anonymousId(), failures: contexts.map((c) => c.failedDelivery()).filter(Boolean).map(String),
          messageIds: contexts.map((c) => c.event.messageId)};
};
