import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";

import { call } from "../../api/client";
import { ListTable } from "../../common/list-table";
import { usePagesOf } from "../../common/pages-of";
import { useDelayed } from "../../common/use-delayed";
import { usePermissions } from "../../permissions";
import { Extent, Reasons } from "./reasons";

export default function WhoCan() {
  const permissions = usePermissions();
  const [action, setAction] = useState("chime:SuspendUsers");
  const [resource, setResource] = useState("");
  const asked = useDelayed(JSON.stringify([action.trim(), resource.trim()]), 500);
  const actions = useMemo(
    () => [...new Set([...permissions.of.values()].map((one) => one.action))].sort(),
    [permissions],
  );
  const list = usePagesOf(
    ["who-can", asked],
    async (nextToken) => {
      const [action = "", resource] = JSON.parse(asked) as string[];
      const answer = await call("access-analyzer", "WhoCan", { action, resource: resource || undefined, nextToken });
      return { items: answer.principals, next: answer.nextToken };
    },
    /^[\w-]+:\w+$/.test(action.trim()),
  );
  return (
    <ListTable
      title="Who can"
      description="Everybody in this AWS account who may do an action, and who could help themselves to it. It holds for all requests, not for samples."
      list={list}
      trackBy="principal"
      filter={
        <SpaceBetween direction="horizontal" size="s">
          <FormField label="Action">
            <Autosuggest
              value={action}
              onChange={({ detail }) => setAction(detail.value)}
              options={actions.map((value) => ({ value }))}
              enteredTextLabel={(value) => `Ask about ${value}`}
              ariaLabel="Action"
              empty="No such action"
            />
          </FormField>
          <FormField label="Resource (any, if empty)">
            <Input value={resource} onChange={({ detail }) => setResource(detail.value)} placeholder="ARN" />
          </FormField>
        </SpaceBetween>
      }
      columns={[
        { id: "principal", header: "Principal", cell: (one) => one.principal, isRowHeader: true },
        { id: "extent", header: "How far", cell: (one) => <Extent of={one.access} /> },
        {
          id: "why",
          header: "Why",
          cell: (one) =>
            one.steps.length > 0 ? (
              <ol>
                {one.steps.map((step, index) => (
                  <li key={index}>
                    {step.action} on {step.resource}: {step.description}
                  </li>
                ))}
              </ol>
            ) : (
              <Reasons of={one.access} />
            ),
        },
      ]}
      empty={<Box>Nobody but root</Box>}
    />
  );
}
