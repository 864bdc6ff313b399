// The device check: hands the number to our server, lets Prove's Web SDK prove this device, and asks our server to go
// on. Nothing here decides anything: every answer that counts is the server's.

const SLOW_MS = 4_000; // of a step; then the page says that it still goes on
const PAINTED_MS = 200; // until what is laid out when this script runs is on the screen
const LIMIT_MS = 30_000; // for all steps: neither fetch nor the SDK has a limit of its own
const form = document.querySelector("form[data-device-check]");
const status = form.querySelector("[data-status]");
const cancel = form.querySelector("[data-cancel]");
const summary = document.querySelector("[data-summary]");
const { start_key: startKey, country } = form.elements;
let stop = null; // ends what is under way, if anything is
let slow = 0; // a timer
let deviceChecked = false; // then only our server has to be asked again

const word = (name) => form.querySelector(`[data-word="${name}"]`).textContent;
const title = document.title.replace(`${word("error")} `, "");
const say = (text) => { status.textContent = text; };
const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

class Problem extends Error {
  constructor(text, field) { super(text); this.field = field; }
}

// The SDK waits until the page is on the screen: on a slow line it would keep it from there. A press on the button waits
// for the SDK, and nothing else does.
const sdkLoaded = new Promise((loaded, failed) => {
  const script = document.querySelector("template[data-sdk]").content.cloneNode(true).firstElementChild;
  script.addEventListener("load", loaded);
  script.addEventListener("error", () => failed(new Problem(word("blocked"))));
  setTimeout(() => document.head.append(script), PAINTED_MS);
});
sdkLoaded.catch(() => {});

function step(name) {
  clearTimeout(slow);
  say(word(name));
  slow = setTimeout(() => say(word("still")), SLOW_MS);
}

async function ask(url, signal) {
  let response;
  let answer;
  try {
    response = await fetch(url, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, redirect: "error", signal,
    });
    answer = await response.json();
  } catch {
    if (startKey) startKey.value = crypto.randomUUID(); // it may be used up: a key is good for one start
    const refused = response && response.status >= 400 && response.status < 500;
    throw new Problem(word(refused ? "wrong" : navigator.onLine ? "unreached" : "offline"));
  }
  if (answer.start_key && startKey) startKey.value = answer.start_key;
  if (answer.error) throw new Problem(answer.error, answer.field);
  return answer;
}

function proveDevice(authToken, signal) {
  return new Promise((finished, failed) => {
    signal.addEventListener("abort", failed);
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
  if (!window.proveAuth) throw new Problem(word("unsupported"));
  const prove = () => proveDevice(authToken, signal);
  try {
    // One at a time: two tabs that register at once leave an orphan key behind.
    await (navigator.locks ? navigator.locks.request("proveflow", { signal }, prove) : prove());
  } catch (error) {
    throw new Problem(word(!navigator.onLine ? "offline" : error?.name === "SecurityError" ? "unsupported" : "failed"));
  }
}

async function whereToGo(signal) {
  const orStopped = (promise) => Promise.race([promise, stopped(signal)]);
  if (!window.isSecureContext || !window.indexedDB || !crypto.randomUUID) throw new Problem(word("unsupported"));
  if (!deviceChecked) {
    step("asking");
    await Promise.race([sdkLoaded, null]); // known to be blocked: then nothing is begun
    const opened = await ask(form.action, signal);
    if (opened.next) return opened.next;
    step("checking");
    await orStopped(sdkLoaded);
    await orStopped(checkDevice(opened.auth_token, signal));
    deviceChecked = true;
  }
  step("finishing");
  for (;;) {
    const answer = await ask(form.dataset.finish, signal);
    if (answer.next) return answer.next;
    await orStopped(wait(answer.ask_again_s));
  }
}

const stopped = (signal) => new Promise((_, failed) => { signal.addEventListener("abort", failed); });

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
  for (const told of document.querySelectorAll("[role=alert]")) told.hidden = true;
  document.title = title;
  for (const place of form.querySelectorAll("[data-error]")) {
    place.hidden = true;
    form.elements[place.dataset.error].removeAttribute("aria-invalid");
  }
}

function busy(isBusy) {
  form.toggleAttribute("data-busy", isBusy);
  cancel.hidden = !isBusy;
}

async function submit(event) {
  event.preventDefault();
  if (stop) return;
  const leaving = new AbortController();
  let why; // it was stopped: what to tell
  stop = (problem) => { why = problem; leaving.abort(); };
  const limit = setTimeout(() => stop(new Problem(word("slow"))), LIMIT_MS);
  clear();
  busy(true);
  try {
    location.assign(await whereToGo(leaving.signal));
    await stopped(leaving.signal).finally(() => window.stop()); // only if the next page doesn't come
  } catch (error) {
    stop = null;
    busy(false);
    say(why === null ? word("cancelled") : "");
    if (why === null) form.querySelector("button").focus(); // Cancel, which had it, is gone
    else tell(why ?? (error instanceof Problem ? error : new Problem(word("wrong"))));
  } finally {
    clearTimeout(slow);
    clearTimeout(limit);
  }
}

// Each country has an example of its own, or none.
function showExample() {
  const hint = form.querySelector("[data-hint]");
  const { example } = country.selectedOptions[0].dataset;
  if (example) hint.querySelector("bdi").textContent = example;
  hint.hidden = !example;
  hint.nextElementSibling.hidden = Boolean(example);
}

cancel.addEventListener("click", () => stop?.(null));
country?.addEventListener("change", showExample);
form.addEventListener("submit", submit);
form.addEventListener("input", () => { deviceChecked = false; });
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
  else if (country) showExample(); // a browser that reloads keeps the choice
});
