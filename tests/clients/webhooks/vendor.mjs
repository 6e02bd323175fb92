// What the platforms' own packages say of signatures. Reads a list of jobs from standard input, prints a list of results.
//   {do: "sign", platform, secret, body, url, params, time}    -> {headers} or {body, query}
//   {do: "verify", platform, secret, body, url, params, headers} -> {ok}
// Bodies are base64.
import {verify as octokitVerify, sign as octokitSign} from "@octokit/webhooks-methods";
import {validateSignature} from "@line/bot-sdk";
import {Webhook as StandardWebhook} from "standardwebhooks";
import Stripe from "stripe";
import {Webhook as SvixWebhook} from "svix";
import twilio from "twilio";
import {decrypt, encrypt, getSignature} from "@wecom/crypto";

const stripe = new Stripe("sk_unused");

const idHeaders = (webhook, prefix, job) => {
  const id = "msg_" + job.time, text = job.text;
  return {[prefix + "-id"]: id, [prefix + "-timestamp"]: String(job.time),
          [prefix + "-signature"]: webhook.sign(id, new Date(job.time * 1000), text)};
};
const github = {
  sign: async job => ({"x-hub-signature-256": await octokitSign(job.secret, job.text)}),
  verify: async job => octokitVerify(job.secret, job.text, job.headers["x-hub-signature-256"]),
};
const platforms = {
  "stripe": {
    sign: job => ({"stripe-signature": stripe.webhooks.generateTestHeaderString(
        {payload: job.text, secret: job.secret, timestamp: job.time})}),
    verify: job => stripe.webhooks.constructEvent(job.text, job.headers["stripe-signature"], job.secret) !== null,
  },
  "standard-webhooks": {
    sign: job => idHeaders(new StandardWebhook(job.secret), "webhook", job),
    verify: job => new StandardWebhook(job.secret).verify(job.text, job.headers) !== null,
  },
  "svix": {
    sign: job => idHeaders(new SvixWebhook(job.secret), "svix", job),
    verify: job => new SvixWebhook(job.secret).verify(job.text, job.headers) !== null,
  },
  "github": github,
  "meta": github,
  "twilio": {
    sign: job => ({"x-twilio-signature": twilio.getExpectedTwilioSignature(job.secret, job.url, job.params)}),
    verify: job => twilio.validateRequest(job.secret, job.headers["x-twilio-signature"], job.url, job.params),
  },
  "line": {verify: job => validateSignature(job.text, job.secret, job.headers["x-line-signature"])},
  "wecom": {
    sign: job => {
      const sealed = encrypt(job.key, job.text, job.id);
      return {sealed, signature: getSignature(job.secret, String(job.time), job.nonce, sealed)};
    },
    verify: job => {
      const expected = getSignature(job.secret, job.query.timestamp, job.query.nonce, job.sealed);
      const opened = decrypt(job.key, job.sealed);
      return expected === job.query.msg_signature && opened.message === job.text && opened.id === job.id;
    },
  },
};

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const results = [];
for (const job of JSON.parse(Buffer.concat(chunks).toString())) {
  job.text = Buffer.from(job.body ?? "", "base64").toString();
  const platform = platforms[job.platform];
  if (job.do === "sign") {
    results.push(await platform.sign(job));
  } else {
    let ok = false, why = "";
    try { ok = await platform.verify(job); } catch (error) { why = String(error); }
    results.push({ok: Boolean(ok), why});
  }
}
console.log(JSON.stringify(results));
