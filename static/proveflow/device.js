// The device check: sends the number to our server, runs Prove's Web SDK, and tells our server when it has finished.
// The server decides everything, since it asks Prove for the result.

const SLOW_MS = 4_000; // per step; after it, the page says that it is still working
const PAINTED_MS = 200; // until the browser has painted the page
const LIMIT_MS = 30_000; // for all steps: fetch and the SDK have no timeout
const STORAGE_MS = 3_000; // for IndexedDB to store a key
const TURN_MS = 5_000; // until a tab that has not finished its check is not waited for
const NAME = "proveflow"; // of our lock and our database
const TYPED = "typed"; // in sessionStorage, while the language changes
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

async function ask(url, signal, token) {
  let response;
  if (token) for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
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
  if (answer.csrf_token && !token) return ask(url, signal, answer.csrf_token); // it changed in another tab
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

// One tab at a time: if two register a key at the same time, one key is orphaned. A tab that hangs loses its turn.
async function inTurn(act, signal) {
  if (!navigator.locks) return act();
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), TURN_MS);
  signal.addEventListener("abort", () => waiting.abort());
  let hasTurn = false;
  const take = () => { hasTurn = true; clearTimeout(timer); return act(); };
  try {
    return await navigator.locks.request(NAME, { signal: waiting.signal }, take);
  } catch (error) {
    if (hasTurn || signal.aborted) throw error;
    return navigator.locks.request(NAME, { steal: true }, take);
  }
}

// The SDK keeps the device's key in IndexedDB. Where that hangs or fails, so would the SDK, without a word.
async function storeKey() {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const opening = indexedDB.open(NAME);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  await new Promise((opened, failed) => { opening.onsuccess = opened; opening.onerror = failed; });
  const writing = opening.result.transaction(NAME, "readwrite");
  writing.objectStore(NAME).put(privateKey, 0);
  await new Promise((written, failed) => { writing.oncomplete = written; writing.onabort = failed; });
  opening.result.close();
  indexedDB.deleteDatabase(NAME);
}

async function requireStorage() {
  if (!navigator.cookieEnabled) throw new Problem(word("cookies"));
  if (!window.isSecureContext || !window.indexedDB || !crypto.randomUUID) throw new Problem(word("unsupported"));
  const tooLong = wait(STORAGE_MS / 1000).then(() => { throw new Error(); });
  await Promise.race([storeKey(), tooLong]).catch(() => { throw new Problem(word("storage")); });
}

async function checkDevice(authToken, signal) {
  if (!window.proveAuth) throw new Problem(word("unsupported"));
  // Errors that the SDK does not catch itself reach the window alone.
  const uncaught = new Promise((_, failed) => {
    for (const name of ["error", "unhandledrejection"]) window.addEventListener(name, failed, { signal });
  });
  try {
    await inTurn(() => Promise.race([proveDevice(authToken, signal), uncaught]), signal);
  } catch (error) {
    throw new Problem(word(!navigator.onLine ? "offline" : error?.name === "SecurityError" ? "unsupported" : "failed"));
  }
}

async function whereToGo(signal) {
  const orStopped = (promise) => Promise.race([promise, stopped(signal)]);
  if (!deviceChecked) {
    step("asking");
    await orStopped(requireStorage());
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
  form.querySelector("button").ariaDisabled = isBusy;
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
    location.replace(await whereToGo(leaving.signal)); // Back leads out, not to a form that was sent
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

// What was typed stays when the language is changed. Where storage is blocked, it is lost.
function keepTyped() {
  const { phone } = form.elements;
  if (!phone) return;
  try {
    const kept = JSON.parse(sessionStorage.getItem(TYPED));
    sessionStorage.removeItem(TYPED);
    if (kept) phone.value = kept.phone;
    if (kept?.country && country) country.value = kept.country;
  } catch {}
  document.querySelector("form.language").addEventListener("submit", () => {
    const typed = JSON.stringify({ phone: phone.value, country: country?.value });
    try { sessionStorage.setItem(TYPED, typed); } catch {}
  });
}

keepTyped();
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
