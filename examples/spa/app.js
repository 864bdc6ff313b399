// Links a number over the API of another origin. What it needs to go on after a reload is in sessionStorage.
const { api, key } = await (await fetch("config.json")).json();
const kept = window.sessionStorage;
const show = (id, visible) => { document.getElementById(id).hidden = !visible; };
const say = (text) => { document.getElementById("message").textContent = text ?? ""; };
const seconds = (n) => new Promise((resolve) => setTimeout(resolve, n * 1000));

// Send a request until it is answered; return the JSON. A call that is repeated has one effect.
async function call(method, path, body, bearer = kept.secret, idempotencyKey) {
  const headers = { Authorization: `Bearer ${bearer}` };
  if (body) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  for (let tries = 0; ; tries++) {
    const response = await fetch(new URL(path, api), { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
    if (response && ![409, 503].includes(response.status)) {
      const answer = response.status === 204 ? {} : await response.json();
      if (response.ok) return answer;
      throw Object.assign(new Error(answer.detail ?? answer.title), { answer });
    }
    if (tries === 5) throw new Error("The service cannot be reached. Try again.");
    await seconds(Number(response?.headers.get("Retry-After") ?? 1));
  }
}

// The request that begins a verification is stored before it is sent, and sent again if its answer was lost.
async function begin() {
  const { path, body, bearer, idempotencyKey } = JSON.parse(kept.beginning);
  const verification = await call("POST", path, body, bearer, idempotencyKey);
  if (verification.client_secret) Object.assign(kept, { id: verification.id, secret: verification.client_secret });
  kept.begun = "yes";
  return verification;
}

function beginning(path, body, bearer) {
  Object.assign(kept, { beginning: JSON.stringify({ path, body, bearer, idempotencyKey: crypto.randomUUID() }), begun: "" });
}

async function authenticate(verification) {
  const { auth_token: token = (await begin()).auth_token } = verification;
  const sdk = new proveAuth.AuthenticatorBuilder().withAuthFinishStep(() => {}).build();
  await Promise.race([sdk.authenticate(token), seconds(15)]).catch(() => {}); // the server asks Prove what came of it
  return call("POST", verification.next_action.href);
}

let current;
async function go(verification) {
  for (;;) {
    current = verification;
    const { type, method, href, after_seconds: after } = verification.next_action;
    say(verification.message);
    show("number", type === "none" && !verification.session);
    show("code", type === "enter_code");
    show("consent", type === "confirm_rebind");
    if (type === "none") return end(verification);
    if (type === "enter_code" || type === "confirm_rebind") return; // the person's turn
    if (type === "authenticate") verification = await authenticate(verification);
    else { await seconds(after); verification = await call(method, href, type === "send_code" ? {} : undefined); }
  }
}

async function end(verification) {
  say(verification.session ? "Your number is linked to this device." : verification.message ?? `It ended: ${verification.status}.`);
  kept.clear();
  if (!verification.session) return;
  const devices = await call("GET", "devices", undefined, verification.session.token);
  const items = devices.map(({ name, is_this: here }) => Object.assign(document.createElement("li"), { textContent: name + (here ? " (this device)" : "") }));
  document.getElementById("devices").replaceChildren(...items);
}

// Run a step; if it fails, say why, and offer to go on from where the server stands.
const run = (step) => step().then(go).catch((error) => { say(error.message); show("retry", Boolean(kept.beginning)); });
const resume = () => (kept.begun ? call("GET", `verifications/${kept.id}`) : begin());
const onSubmit = (id, step) => document.getElementById(id).addEventListener("submit", (event) => { event.preventDefault(); run(step); });

onSubmit("number", () => {
  const body = { phone_number: document.getElementById("phone").value, platform: "web", device_name: "Example" };
  beginning("verifications", body, key);
  return begin();
});
onSubmit("code", () => call("POST", current.next_action.href, { code: document.getElementById("digits").value }));
onSubmit("consent", () => { beginning(current.next_action.href, {}, kept.secret); return begin(); });
document.getElementById("again").addEventListener("click", () => run(() => call("POST", `verifications/${kept.id}/code`, {})));
document.getElementById("retry").addEventListener("click", () => { show("retry", false); run(resume); });
if (kept.beginning) run(resume);
document.body.dataset.ready = "yes";
