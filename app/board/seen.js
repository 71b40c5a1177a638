/** A view that is fed with snapshots and draws the newest one, but only while somebody can see it. */
export class Seen {
  /** Called once the view is built: what came while its page was hidden is drawn when the page is shown again. */
  watch() {
    this.onShow = () => document.hidden || this.paint();
    document.addEventListener("visibilitychange", this.onShow);
  }

  /** Called by Streamlit with every new snapshot, and when the theme changes. */
  update(component) {
    this.component = component;
    this.snapshot = component.data;
    this.paint();
  }

  /** Take the view away, and let its parts end what they began. */
  leave(...parts) {
    document.removeEventListener("visibilitychange", this.onShow);
    for (const part of parts) part?.close();
    this.root.remove();
  }
}
