// What a form does, as a command for those who want to do it again without it.

import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import type { Input, Operation, Service } from "../api/client";
import { boto3, cli, terraform } from "./commands";

type Form = "cli" | "boto3" | "terraform";

interface Props<S extends Service, O extends Operation<S>> {
  service: S;
  operation: O;
  input: Input<S, O>;
}

export function CopyAs<S extends Service, O extends Operation<S>>({ service, operation, input }: Props<S, O>) {
  const [form, setForm] = useState<Form>("cli");
  const members = input as Record<string, unknown>;
  const resource = service === "iam" ? terraform(operation, members) : undefined;
  const texts = { cli: cli(service, operation, members), boto3: boto3(service, operation, members), terraform: resource };
  const text = texts[form] ?? texts.cli;
  return (
    <ExpandableSection headerText="Copy as a command" variant="footer">
      <SpaceBetween size="xs">
        <SegmentedControl
          label="Form of the command"
          selectedId={form}
          onChange={({ detail }) => setForm(detail.selectedId as Form)}
          options={[
            { id: "cli", text: "AWS CLI" },
            { id: "boto3", text: "boto3" },
            ...(resource === undefined ? [] : [{ id: "terraform", text: "Terraform" }]),
          ]}
        />
        <Box variant="code">
          <pre className="command">{text}</pre>
        </Box>
        <CopyToClipboard
          copyButtonText="Copy"
          textToCopy={text}
          copySuccessText="Copied"
          copyErrorText="It could not be copied"
        />
      </SpaceBetween>
    </ExpandableSection>
  );
}
