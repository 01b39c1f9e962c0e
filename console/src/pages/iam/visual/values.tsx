import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TokenGroup from "@cloudscape-design/components/token-group";
import { useState } from "react";

interface Props {
  label: string;
  description?: string;
  /** What the button says: `Add a resource`. */
  adding: string;
  placeholder?: string;
  values: string[];
  onChange: (values: string[]) => void;
  readOnly?: boolean;
}

/** Texts that one adds and takes away. Enter adds, and sends no form around it. */
export function Values({ label, description, adding, placeholder, values, onChange, readOnly }: Props) {
  const [text, setText] = useState("");
  const next = text.trim();

  function add() {
    if (next === "") return;
    if (!values.includes(next)) onChange([...values, next]);
    setText("");
  }

  return (
    <SpaceBetween size="xs">
      {readOnly ? (
        <Box variant="awsui-key-label">{label}</Box>
      ) : (
        <FormField
          label={label}
          description={description}
          secondaryControl={
            <Button formAction="none" disabled={next === ""} onClick={add}>
              {adding}
            </Button>
          }
        >
          <Input
            value={text}
            placeholder={placeholder}
            autoComplete={false}
            onChange={({ detail }) => setText(detail.value)}
            onKeyDown={(event) => {
              if (event.detail.key !== "Enter") return;
              event.preventDefault();
              add();
            }}
          />
        </FormField>
      )}
      <TokenGroup
        items={values.map((value) => ({ label: value, dismissLabel: `Remove ${value}` }))}
        limit={20}
        readOnly={readOnly}
        i18nStrings={{ limitShowMore: "Show all", limitShowFewer: "Show fewer" }}
        onDismiss={({ detail }) => onChange(values.filter((_, at) => at !== detail.itemIndex))}
      />
    </SpaceBetween>
  );
}
