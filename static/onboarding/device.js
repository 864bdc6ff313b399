// The device check: sends the number to our server, runs Prove's Web SDK, and tells our server when it has finished.
// The server decides everything, since it asks Prove for the result.

const SLOW_MS = 4_000; // per step; after it, the page says that it is still working
const PAINTED_MS = 200; // until the browser has painted the page
const LIMIT_MS = 30_000; // for all steps: fetch and the SDK have no timeout
const form = document.querySelector("form[data-device-check]");
const status = form.querySelector("[data-status]");
const cancel = form.querySelector("[data-cancel]");
const summary = document.querySelector("[data-summary]");
const { start_key: startKey, country } = form.elements;
let stop = null; // a function that stops the check while it runs
let slow = 0; // id of the timer for SLOW_MS
let deviceChecked = false; // if true, a retry only asks our server again

const word = (name) => form.querySelector(`[data-word="${name}"]`).textContent;
const title = document.title.replace(`${word("error")} `, "");
const say = (text) => { status.textContent = text; };
const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

class Problem extends Error {
  constructor(text, field) { super(text); this.field = field; }
}

// Loads the SDK after the first paint, which it would delay on a slow connection. Only the button waits for it.
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
    if (startKey) startKey.value = crypto.randomUUID(); // the old key may have been used, and is good for one start
    const refused = response && response.status >= 400 && response.status < 500;
    throw new Problem(word(refused ? "wrong" : navigator.onLine ? "unreached" : "offline"));
  }
  if (answer.start_key && startKey) startKey.value = answer.start_key;
  if (answer.choices) offer(answer.choices);
  if (answer.error) throw new Problem(answer.error, answer.field);
  return answer;
}

// Shows the numbers that the server reads in what was typed, for the person to choose theirs; none: hides them.
function offer(numbers) {
  const place = form.querySelector("[data-choices]");
  if (!place) return;
  for (const label of place.querySelectorAll("label")) label.remove();
  for (const number of numbers) {
    const label = place.querySelector("template").content.cloneNode(true);
    label.querySelector("input").value = number.value;
    label.querySelector("bdi").textContent = number.text;
    label.querySelector("[data-right]").hidden = numbers.length > 1;
    place.append(label);
  }
  place.hidden = !numbers.length;
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
      .then(failed, failed); // without the finish step, the check has not finished
  });
}

async function checkDevice(authToken, signal) {
  if (!window.proveAuth) throw new Problem(word("unsupported"));
  const prove = () => proveDevice(authToken, signal);
  try {
    // One tab at a time: if two register a key at the same time, one key is orphaned.
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
    await Promise.race([sdkLoaded, null]); // throws if the SDK is already known to be blocked: no flow is started
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
  let why; // the problem that stopped the check; null if the person cancelled it
  stop = (problem) => { why = problem; leaving.abort(); };
  const limit = setTimeout(() => stop(new Problem(word("slow"))), LIMIT_MS);
  clear();
  busy(true);
  try {
    location.assign(await whereToGo(leaving.signal));
    await stopped(leaving.signal).finally(() => window.stop()); // if the next page does not load
  } catch (error) {
    stop = null;
    busy(false);
    say(why === null ? word("cancelled") : "");
    if (why === null) form.querySelector("button").focus(); // the Cancel button, which had the focus, is hidden
    else tell(why ?? (error instanceof Problem ? error : new Problem(word("wrong"))));
  } finally {
    clearTimeout(slow);
    clearTimeout(limit);
  }
}

// Shows the example number of the chosen country, if it has one.
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
form.addEventListener("input", (event) => {
  deviceChecked = false;
  if (event.target.name !== "meant") offer([]); // another number, or another country
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
  else if (country) showExample(); // a reload keeps the chosen country
});
