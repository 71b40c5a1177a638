// What Streamlit is given; it stays small, because it rides on every snapshot. The rest comes from our own address.
const views = new WeakMap();

function start(component) {
  const address = (file) => new URL(`/lab/FOLDER/${file}?v=VERSION`, document.baseURI).href;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = address("FOLDER.css");
  const styled = new Promise((done) => (sheet.onload = sheet.onerror = done));
  component.parentElement.append(sheet);
  const plotly = Object.assign(document.createElement("link"), {
    rel: "preload",
    as: "script",
    href: "/lab/plotly.min.js",
  });
  document.head.append(plotly); // the largest part sets out first; plots.js takes it up
  return Promise.all([import(address("FOLDER.js")), styled]).then(([{ VIEW }]) => new VIEW(component));
}

export default function view(component) {
  const { parentElement } = component;
  if (!views.has(parentElement)) views.set(parentElement, { started: start(component) });
  const held = views.get(parentElement);
  held.latest = component;
  // Of the snapshots that come within one drawing of the browser only the last is drawn.
  held.frame ??= requestAnimationFrame(() => {
    held.frame = null;
    held.started.then(
      (drawn) => drawn.update(held.latest),
      () => {
        parentElement.textContent = "This part of the page could not be loaded. Reload the page to try again.";
      },
    );
  });
  // Streamlit also calls this for a run that newer data has overtaken, so it is the end only if the element is gone.
  return () =>
    window.setTimeout(() => {
      if (parentElement.isConnected || views.get(parentElement) !== held) return;
      views.delete(parentElement);
      held.started.then(
        (drawn) => drawn.close(),
        () => {},
      );
    }, 1000);
}
