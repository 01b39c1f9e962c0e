// The days that a report is about.

import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import { useState } from "react";

export interface Range {
  StartDate: string;
  EndDate: string;
}

const DAY = 86_400_000;
/** Days of one report. Source: the limits of the reporting operations. */
const LONGEST = 366;

/** A day in UTC, as reports count them. */
function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function lastDays(count: number): Range {
  const now = Date.now();
  return { StartDate: day(now - (count - 1) * DAY), EndDate: day(now) };
}

export function useRange() {
  return useState<Range>(() => lastDays(30));
}

export function RangePicker({ range, onChange }: { range: Range; onChange: (range: Range) => void }) {
  const value: DateRangePickerProps.Value = { type: "absolute", startDate: range.StartDate, endDate: range.EndDate };
  return (
    <DateRangePicker
      dateOnly
      value={value}
      relativeOptions={[7, 30, 90, 365].map((amount) => ({
        key: String(amount),
        amount,
        unit: "day" as const,
        type: "relative" as const,
      }))}
      isValidRange={(chosen) => {
        if (!chosen || chosen.type === "relative") return { valid: true };
        const days = (Date.parse(chosen.endDate) - Date.parse(chosen.startDate)) / DAY + 1;
        if (!(days >= 1)) return { valid: false, errorMessage: "The first day must not be after the last." };
        if (days > LONGEST) return { valid: false, errorMessage: `At most ${LONGEST} days.` };
        return { valid: true };
      }}
      onChange={({ detail }) => {
        if (detail.value?.type === "relative") onChange(lastDays(detail.value.amount));
        else if (detail.value) onChange({ StartDate: detail.value.startDate.slice(0, 10), EndDate: detail.value.endDate.slice(0, 10) });
      }}
      isDateEnabled={(date) => date <= new Date()}
      rangeSelectorMode="default"
      i18nStrings={{
        ariaLabel: "Days of the report",
        formatRelativeRange: ({ amount }) => `Last ${amount} days`,
      }}
    />
  );
}
