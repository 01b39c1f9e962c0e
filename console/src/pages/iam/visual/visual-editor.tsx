// A policy document as forms: one for each statement. The document stays the one that the JSON editor has.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";

import { Actions } from "./actions";
import { Conditions } from "./conditions";
import {
  EMPTY,
  type Readable,
  type Reading,
  type Statement,
  matches,
  others,
  tests,
  withMatches,
  withMember,
  withTests,
  write,
} from "./document";
import { Values } from "./values";

interface Props {
  reading: Reading;
  onChange: (text: string) => void;
  /** Of a role's trust policy, which names no resources: it is about the role. */
  isTrust?: boolean;
  readOnly?: boolean;
}

export function VisualEditor({ reading, ...props }: Props) {
  if ("problem" in reading) {
    return (
      <Alert type="info" header="This document is only for JSON">
        {reading.problem} Nothing of it is changed here.
      </Alert>
    );
  }
  return <Statements readable={reading.readable} {...props} />;
}

function Statements({ readable, onChange, ...props }: Omit<Props, "reading"> & { readable: Readable }) {
  const { statements } = readable;
  const put = (statements: Statement[]) => onChange(write(readable, statements));
  return (
    <SpaceBetween size="m">
      {statements.map((statement, index) => (
        <StatementForm
          key={index}
          number={index + 1}
          statement={statement}
          onChange={(next) => put(statements.map((one, at) => (at === index ? next : one)))}
          onRemove={() => put(statements.filter((_, at) => at !== index))}
          {...props}
        />
      ))}
      {!props.readOnly && (
        <Button iconName="add-plus" formAction="none" onClick={() => put([...statements, EMPTY])}>
          Add statement
        </Button>
      )}
    </SpaceBetween>
  );
}

interface StatementProps {
  number: number;
  statement: Statement;
  onChange: (statement: Statement) => void;
  onRemove: () => void;
  isTrust?: boolean;
  readOnly?: boolean;
}

const EFFECTS = [
  { value: "Allow", label: "Allow" },
  { value: "Deny", label: "Deny" },
];

function StatementForm({ number, statement, onChange, onRemove, isTrust, readOnly }: StatementProps) {
  const sid = statement.Sid;
  const effect = EFFECTS.find((one) => one.value === statement.Effect);
  const actions = matches(statement, "Action");
  const resources = matches(statement, "Resource");
  const conditions = tests(statement);
  const hidden = [
    ...(sid === undefined || typeof sid === "string" ? [] : ["Sid"]),
    ...(effect || statement.Effect === undefined ? [] : ["Effect"]),
    ...(actions ? [] : ["Action"]),
    ...(resources ? [] : ["Resource"]),
    ...(conditions ? [] : ["Condition"]),
    ...others(statement),
  ];
  const title = `Statement ${number}${typeof sid === "string" && sid !== "" ? `: ${sid}` : ""}`;
  const count = actions?.values.length ?? 0;
  return (
    <ExpandableSection
      variant="container"
      defaultExpanded
      headerText={title}
      headerDescription={`${effect?.label ?? "No effect"}, ${count === 1 ? "1 action" : `${count} actions`}`}
      headerActions={
        !readOnly && (
          <Button formAction="none" ariaLabel={`Remove statement ${number}`} onClick={onRemove}>
            Remove
          </Button>
        )
      }
    >
      <SpaceBetween size="m">
        {hidden.length > 0 && (
          <Alert type="info">
            Only in JSON, and kept as it is: <Box variant="code">{hidden.join(", ")}</Box>
          </Alert>
        )}
        {(sid === undefined || typeof sid === "string") && (
          <FormField label="Name of the statement" description="Sid. May be left out." constraintText="Letters and digits">
            <Input
              value={sid ?? ""}
              readOnly={readOnly}
              onChange={({ detail }) => onChange(withMember(statement, "Sid", detail.value === "" ? undefined : detail.value))}
            />
          </FormField>
        )}
        <FormField label="Effect">
          <Select
            selectedOption={effect ?? null}
            options={EFFECTS}
            placeholder="Choose an effect"
            disabled={readOnly}
            onChange={({ detail }) => onChange(withMember(statement, "Effect", detail.selectedOption.value))}
          />
        </FormField>
        {actions && (
          <Actions
            value={actions}
            readOnly={readOnly}
            onChange={(next) => onChange(withMatches(statement, "Action", next))}
          />
        )}
        {resources && !isTrust && (
          <Values
            label={resources.isNot ? "All resources except" : "Resources"}
            description="ARNs, with * and ? for what may differ. One * alone is everything."
            adding="Add a resource"
            placeholder="arn:aws:iam::123456789012:user/ada"
            values={resources.values}
            readOnly={readOnly}
            onChange={(values) => onChange(withMatches(statement, "Resource", { ...resources, values }))}
          />
        )}
        {conditions && (
          <Conditions
            tests={conditions}
            readOnly={readOnly}
            onChange={(next) => onChange(withTests(statement, next))}
          />
        )}
      </SpaceBetween>
    </ExpandableSection>
  );
}
