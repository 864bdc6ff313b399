// The device check: hands the number to our server, lets Prove's Web SDK prove this device, and asks our server to go
// on. Nothing here decides anything: every answer that counts is the server's.

const SLOW_MS = 4_000;
const SDK_LIMIT_MS = 15_000; // the SDK has no limit of its own
const form = document.querySelector("form[data-device-check]");
const status = form.querySelector("[data-status]");
const cancel = form.querySelector("[data-cancel]");
const summary = document.querySelector("[data-summary]");
const title = document.title;
let running = null; // the AbortController of what is under way
let deviceChecked = false; // then only our server has to be asked again

const word = (name) => form.querySelector(`[data-word="${name}"]`).textContent;
const say = (text) => { status.textContent = text; };
// This script runs before the SDK, so that a press on the button never has to wait for it.
const sdkLoaded = new Promise((loaded, failed) => {
  const script = document.querySelector("script[data-sdk]");
  script.addEventListener("load", loaded);
  script.addEventListener("error", () => failed(new Problem(word("blocked"))));
});
sdkLoaded.catch(() => {});
const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

class Problem extends Error {
  constructor(text, field) { super(text); this.field = field; }
}

async function ask(url, signal) {
  let answer;
  try {
    const response = await fetch(url, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, redirect: "error", signal,
    });
    answer = await response.json();
  } catch {
    throw new Problem(word(navigator.onLine ? "wrong" : "offline"));
  }
  if (answer.start_key && form.elements.start_key) form.elements.start_key.value = answer.start_key;
  if (answer.error) throw new Problem(answer.error, answer.field);
  return answer;
}

function proveDevice(authToken, signal) {
  return new Promise((finished, failed) => {
    signal.addEventListener("abort", failed);
    setTimeout(() => failed(new Problem(word("slow"))), SDK_LIMIT_MS);
    const sdk = window.proveAuth;
    sdk.LoggerFactory.setLogLevel(sdk.LogLevel.disabled);
    new sdk.AuthenticatorBuilder()
      .withAuthFinishStep(async () => finished())
      .build()
      .authenticate(authToken)
      .then(failed, failed); // settled without the finish step: not finished
  });
}

async function checkDevice(authToken, signal) {
  await sdkLoaded;
  if (!window.isSecureContext || !window.proveAuth || !window.indexedDB) throw new Problem(word("unsupported"));
  try {
    const prove = () => proveDevice(authToken, signal);
    // One at a time: two tabs that register at once leave an orphan key behind.
    await (navigator.locks ? navigator.locks.request("proveflow", prove) : prove());
  } catch (error) {
    const blocked = error?.name === "SecurityError";
    throw error instanceof Problem ? error : new Problem(word(blocked ? "unsupported" : "failed"));
  }
  deviceChecked = true;
}

async function whereToGo(signal) {
  if (!deviceChecked) {
    say(word("asking"));
    const opened = await ask(form.action, signal);
    if (opened.next) return opened.next;
    say(word("checking"));
    const slow = setTimeout(() => say(word("still")), SLOW_MS);
    await Promise.race([checkDevice(opened.auth_token, signal), stopped(signal)]).finally(() => clearTimeout(slow));
  }
  for (;;) {
    say(word("finishing"));
    const answer = await ask(form.dataset.finish, signal);
    if (answer.next) return answer.next;
    await Promise.race([wait(answer.ask_again_s), stopped(signal)]);
  }
}

const stopped = (signal) => new Promise((_, failed) => signal.addEventListener("abort", failed));

function tell(problem) {
  const input = problem.field && form.elements[problem.field];
  const place = input && form.querySelector(`[data-error="${problem.field}"]`);
  const told = document.createElement(place ? "a" : "span");
  told.textContent = problem.message;
  if (place) {
    told.href = `#${input.id}`;
    place.textContent = problem.message;
    place.hidden = false;
    input.setAttribute("aria-invalid", "true");
  }
  summary.querySelector("p").replaceChildren(told);
  summary.hidden = false;
  summary.focus();
  document.title = `${word("error")} ${title}`;
}

function clear() {
  summary.hidden = true;
  document.title = title;
  for (const place of form.querySelectorAll("[data-error]")) {
    place.hidden = true;
    form.elements[place.dataset.error].removeAttribute("aria-invalid");
  }
}

function run(controller) {
  running = controller;
  form.setAttribute("aria-busy", String(Boolean(controller)));
  cancel.hidden = !controller;
}

async function submit(event) {
  event.preventDefault();
  if (running) return;
  const controller = new AbortController();
  run(controller);
  clear();
  try {
    location.assign(await whereToGo(controller.signal));
  } catch (problem) {
    run(null);
    if (controller.signal.aborted) return say(word("cancelled"));
    say("");
    tell(problem instanceof Problem ? problem : new Problem(word("wrong")));
  }
}

cancel.addEventListener("click", () => running?.abort());
form.addEventListener("submit", submit);
form.addEventListener("input", () => { deviceChecked = false; });
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
