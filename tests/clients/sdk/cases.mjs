// The same life of a few customers through any server-side SDK. The reader on the other side (clients_test.py) knows
// these names and numbers; change both together.
export const BULK = 250;

// One UUID per SDK and role, so that runs of different SDKs never share a visitor.
export function visitor(prefix, role) {
  const digits = Buffer.from(`${prefix}/${role}`.padEnd(16, '-').slice(0, 16)).toString('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`;
}

export const ORDER = {
  order_id: 'o-1001', total: 129.9, revenue: 118.4, currency: 'EUR',
  products: [
    {product_id: 'p-1', sku: 'SKU-1', name: 'Kaffee', price: 19.95, quantity: 2},
    {product_id: 'p-2', sku: 'SKU-2', name: '茶', price: 45, quantity: 2},
  ],
};

export async function runCases(sdk, prefix) {
  const ann = `${prefix}-ann`;
  sdk.identify({userId: ann, traits: {email: `ann@${prefix}.example`, name: 'Anna 安娜 🦊', plan: 'pro'}});
  sdk.track({userId: ann, event: 'Order Completed', properties: ORDER});
  sdk.page({userId: ann, name: 'Home', properties: {url: 'https://shop.example/'}});
  sdk.group({userId: ann, groupId: `${prefix}-group`, traits: {name: 'Acme'}});
  sdk.track({userId: ann, event: '注文完了 🎉', properties: {text: 'Größe — ‏שלום‎ — 𝒳', emoji: '👩‍👩‍👧'}});
  sdk.track({userId: ann, event: 'Large', properties: {blob: 'x'.repeat(60_000)}});
  await sdk.flush();

  const before = visitor(prefix, 'alias');
  sdk.track({anonymousId: before, event: 'Before alias', properties: {}});
  sdk.alias({userId: `${prefix}-alias`, previousId: before});
  sdk.track({userId: `${prefix}-alias`, event: 'After alias', properties: {}});
  await sdk.flush();

  const anonymousId = visitor(prefix, 'login');
  sdk.track({anonymousId, event: 'Visited', properties: {}});
  sdk.identify({anonymousId, userId: `${prefix}-login`, traits: {email: `login@${prefix}.example`}});
  sdk.track({userId: `${prefix}-login`, event: 'Logged in', properties: {}});
  await sdk.flush();

  for (let n = 0; n < BULK; ++n) sdk.track({userId: `${prefix}-bulk`, event: 'Bulk', properties: {n}});
  await sdk.flush();
}
