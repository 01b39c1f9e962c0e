import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { usePermissions } from "../../../permissions";
import { OPERATORS, operatorsOf } from "../operators";
import type { Test } from "./document";
import { Values } from "./values";

interface Props {
  tests: Test[];
  onChange: (tests: Test[]) => void;
  readOnly?: boolean;
}

/** When a statement counts: each of these must hold, for one of its values. */
export function Conditions({ tests, onChange, readOnly }: Props) {
  return (
    <SpaceBetween size="s">
      <Box variant="h4">Conditions</Box>
      {tests.length === 0 && <Box color="text-status-inactive">None: the statement always counts.</Box>}
      {tests.map((test, index) => (
        <SpaceBetween key={`${test.operator} ${test.key}`} size="xs">
          <Values
            label={`${test.operator} ${test.key}`}
            description={test.values.length > 1 ? "One of these" : undefined}
            adding="Add a value"
            values={test.values}
            readOnly={readOnly}
            onChange={(values) =>
              onChange(
                values.length === 0
                  ? tests.filter((_, at) => at !== index)
                  : tests.map((one, at) => (at === index ? { ...one, values } : one)),
              )
            }
          />
          {!readOnly && (
            <Button
              variant="inline-link"
              formAction="none"
              ariaLabel={`Remove the condition ${test.operator} ${test.key}`}
              onClick={() => onChange(tests.filter((_, at) => at !== index))}
            >
              Remove this condition
            </Button>
          )}
        </SpaceBetween>
      ))}
      {!readOnly && <Adding onAdd={(test) => onChange([...tests, test])} />}
    </SpaceBetween>
  );
}

/** A condition counts once it is complete: one without a value would match nothing. */
function Adding({ onAdd }: { onAdd: (test: Test) => void }) {
  const [key, setKey] = useState("");
  const [operator, setOperator] = useState("");
  const [value, setValue] = useState("");
  const { conditionKeys } = usePermissions();
  const known = conditionKeys.find((one) => one.name.toLowerCase() === key.toLowerCase());
  const isReady = key.trim() !== "" && operator.trim() !== "" && value !== "";
  const listed = (names: readonly string[]) => names.map((name) => ({ value: name }));

  function add() {
    if (!isReady) return;
    onAdd({ operator: operator.trim(), key: key.trim(), values: [value], raw: undefined });
    setKey("");
    setOperator("");
    setValue("");
  }

  return (
    <SpaceBetween size="xs">
      <FormField label="Condition key">
        <Autosuggest
          value={key}
          options={listed(conditionKeys.map((one) => one.name))}
          placeholder="aws:SourceIp"
          empty="No key of this name is known"
          enteredTextLabel={(text) => `Use ${text}`}
          onChange={({ detail }) => setKey(detail.value)}
        />
      </FormField>
      <FormField label="Operator">
        <Autosuggest
          value={operator}
          options={listed(known ? operatorsOf(known) : OPERATORS)}
          placeholder="StringEquals"
          empty="No operator of this name is known"
          enteredTextLabel={(text) => `Use ${text}`}
          onChange={({ detail }) => setOperator(detail.value)}
        />
      </FormField>
      <FormField label="Value">
        <Input
          value={value}
          autoComplete={false}
          onChange={({ detail }) => setValue(detail.value)}
          onKeyDown={(event) => {
            if (event.detail.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
      </FormField>
      <Button formAction="none" disabled={!isReady} onClick={add}>
        Add condition
      </Button>
    </SpaceBetween>
  );
}
