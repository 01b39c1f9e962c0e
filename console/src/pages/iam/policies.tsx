import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useState } from "react";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { FormDialog } from "../../common/form-dialog";
import { ListTable } from "../../common/list-table";
import { useNotifications } from "../../common/notifications";
import { usePagesOf } from "../../common/pages-of";
import { RouteLink } from "../../common/route-link";
import { Time } from "../../common/time";
import { PolicyEditor } from "./policy-editor";

const FIRST = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [],
      "Resource": "*"
    }
  ]
}
`;

type Scope = "Local" | "AWS";

export default function Policies() {
  const [scope, setScope] = useState<Scope>("AWS");
  const [isCreating, setCreating] = useState(false);
  const list = usePagesOf(["iam-policies", scope], async (Marker) => {
    const answer = await call("iam", "ListPolicies", { Scope: scope, Marker, MaxItems: 100 });
    return { items: answer.Policies, next: answer.Marker };
  });
  return (
    <>
      <ListTable
        title="Policies"
        list={list}
        trackBy="Arn"
        columns={[
          {
            id: "name",
            header: "Name",
            isRowHeader: true,
            cell: (policy) => (
              <RouteLink to={`/iam/policy?arn=${encodeURIComponent(policy.Arn)}`}>{policy.PolicyName}</RouteLink>
            ),
          },
          { id: "version", header: "Version", cell: (policy) => policy.DefaultVersionId },
          { id: "used", header: "Attached to", cell: (policy) => policy.AttachmentCount },
          { id: "updated", header: "Changed", cell: (policy) => <Time at={policy.UpdateDate} /> },
          { id: "arn", header: "ARN", cell: (policy) => policy.Arn },
        ]}
        filter={
          <SegmentedControl
            label="Whose policies"
            selectedId={scope}
            onChange={({ detail }) => setScope(detail.selectedId as Scope)}
            options={[
              { id: "AWS", text: "AWS managed" },
              { id: "Local", text: "Customer managed" },
            ]}
          />
        }
        actions={
          <ActionButton service="iam" operation="CreatePolicy" variant="primary" onClick={() => setCreating(true)}>
            Create policy
          </ActionButton>
        }
      />
      {isCreating && (
        <Create
          onClose={() => setCreating(false)}
          onCreated={() => {
            setScope("Local");
            list.refresh();
          }}
        />
      )}
    </>
  );
}

function Create({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [name, setName] = useState("");
  const [text, setText] = useState(FIRST);
  const { tell } = useNotifications();
  return (
    <FormDialog
      title="Create policy"
      verb="Create policy"
      service="iam"
      operation="CreatePolicy"
      input={{ PolicyName: name, PolicyDocument: text }}
      ready={name !== ""}
      onClose={onClose}
      onDone={({ Policy }) => {
        tell(`The policy ${Policy.PolicyName} was created. Attach it to somebody to make it count.`);
        onCreated();
      }}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
      <PolicyEditor value={text} onChange={setText} />
    </FormDialog>
  );
}
