// Says in the banner of the app's page what the sandbox does with the number that is shown or typed there.
const place = document.querySelector("[data-story]");

async function tell(number) {
  const answer = await fetch(`${place.dataset.story}?${new URLSearchParams({ number })}`);
  const { number: known, scenario } = await answer.json();
  place.textContent = scenario && `${known}: ${scenario}`;
}

const shown = document.querySelector("main .number");
const field = document.querySelector("#phone");
if (shown) tell(shown.textContent).catch(() => {});
else if (field?.value) tell(field.value).catch(() => {});
field?.addEventListener("change", () => tell(field.value).catch(() => {}));
