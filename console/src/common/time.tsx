const FORM = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time in the zone of whoever looks; the exact one is told when pointed at. */
export function Time({ at }: { at: string | number | undefined | null }) {
  if (at === undefined || at === null || at === "") return <>–</>;
  const time = new Date(typeof at === "number" ? at * 1000 : at);
  return (
    <time dateTime={time.toISOString()} title={time.toISOString()}>
      {FORM.format(time)}
    </time>
  );
}
