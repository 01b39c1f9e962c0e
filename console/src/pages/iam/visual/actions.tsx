import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Multiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";

import { usePermissions } from "../../../permissions";
import type { Matches } from "./document";
import { Values } from "./values";

/** Those of the published references, the most careful first. */
const LEVELS = ["List", "Read", "Write", "Permissions management", "Tagging"];

interface Props {
  value: Matches;
  onChange: (value: Matches) => void;
  readOnly?: boolean;
}

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** The actions of a statement: found by service and access level, or written. */
export function Actions({ value, onChange, readOnly }: Props) {
  const { isNot, values } = value;
  const { of } = usePermissions();
  const services = useMemo(() => {
    const byService = new Map<string, Map<string, Set<string>>>();
    for (const { action, level } of of.values()) {
      const service = action.split(":")[0] ?? action;
      const levels = byService.get(service) ?? new Map<string, Set<string>>();
      byService.set(service, levels);
      levels.set(level, (levels.get(level) ?? new Set()).add(action));
    }
    return byService;
  }, [of]);
  const [service, setService] = useState(() => values[0]?.split(":")[0] ?? "chime");
  const levels = services.get(service);
  const ordered = LEVELS.filter((level) => levels?.has(level)).map(
    (level): [string, string[]] => [level, [...(levels?.get(level) ?? [])].sort()],
  );
  const ofService = ordered.flatMap(([, actions]) => actions);
  const chosen = ofService.filter((action) => values.some((one) => isSame(one, action)));
  const put = (values: string[]) => onChange({ isNot, values });
  const add = (actions: string[]) =>
    put([...values, ...actions.filter((action) => !values.some((one) => isSame(one, action)))]);

  function choose(options: readonly MultiselectProps.Option[]) {
    const now = options.map((option) => option.value ?? "");
    const kept = values.filter((one) => !ofService.some((action) => isSame(action, one)) || now.some((action) => isSame(action, one)));
    put([...kept, ...now.filter((action) => !kept.some((one) => isSame(one, action)))]);
  }

  return (
    <SpaceBetween size="s">
      {!readOnly && (
        <SpaceBetween size="s">
          <FormField label="Service">
            <Select
              selectedOption={{ value: service, label: service }}
              options={[...services.keys()].sort().map((name) => ({ value: name, label: name }))}
              onChange={({ detail }) => setService(detail.selectedOption.value ?? service)}
            />
          </FormField>
          <FormField
            label={isNot ? `All actions except these of ${service}` : `Actions of ${service}`}
            description="By access level. Type to search."
          >
            <Multiselect
              selectedOptions={chosen.map((action) => ({ value: action, label: action }))}
              options={ordered.map(([level, actions]) => ({
                label: level,
                options: actions.map((action) => ({ value: action, label: action })),
              }))}
              filteringType="auto"
              filteringPlaceholder="Find actions"
              placeholder="Choose actions"
              empty="No actions of this name"
              hideTokens
              onChange={({ detail }) => choose(detail.selectedOptions)}
            />
          </FormField>
          <SpaceBetween direction="horizontal" size="xs">
            {ordered.map(([level, actions]) => (
              <Button key={level} formAction="none" onClick={() => add(actions)}>{`Add all ${level}`}</Button>
            ))}
            <Button formAction="none" onClick={() => add([`${service}:*`])}>{`Add ${service}:*`}</Button>
          </SpaceBetween>
        </SpaceBetween>
      )}
      <Values
        label={isNot ? "All actions except" : "Actions, as the policy has them"}
        description="Also with * and ? for what may differ."
        adding="Add an action"
        placeholder="chime:List*"
        values={values}
        readOnly={readOnly}
        onChange={put}
      />
    </SpaceBetween>
  );
}
