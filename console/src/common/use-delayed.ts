import { useEffect, useState } from "react";

/** A value once it has stayed the same for a moment, so that not every letter asks the server. */
export function useDelayed<T>(value: T, milliseconds = 300): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
