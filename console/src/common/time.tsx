const FORM = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

interface Props {
  at: string | number | undefined | null;
  /** Whether seconds matter. */
  seconds?: boolean;
}

/** A time in the zone of whoever looks; the exact one is told when pointed at. */
export function Time({ at, seconds }: Props) {
  if (at === undefined || at === null || at === "") return <>–</>;
  const time = new Date(typeof at === "number" ? at * 1000 : at);
  return (
    <time dateTime={time.toISOString()} title={time.toISOString()}>
      {(seconds ? EXACT : FORM).format(time)}
    </time>
  );
}
